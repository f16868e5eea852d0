import { CRITERIA_OPERATORS, isObject, type JsonObject, pythonText, SEARCH_CONDITIONS } from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkDraft, checkFields, COMPUTED_FIELDS, type Fields, TAGS_FIELD } from "./fields.ts";
import { didYouMean, error, type Problem, warning } from "./problem.ts";

/** When a rule is looked at: with all others, or only if none of those matched. */
export const RULE_TYPES = ["standard", "backstop"] as const;

const FIELDS: Fields = {
  ...COMPUTED_FIELDS,
  name: { type: "string", required: true, minLength: 1, maxLength: 1024 },
  pack: { type: "string" },
  description: { type: "string" },
  enabled: { type: "boolean" },
  type: {
    type: "object",
    fields: { ref: { type: "string", required: true, enum: RULE_TYPES }, parameters: { type: "object" } },
  },
  trigger: {
    type: "object",
    required: true,
    open: true,
    fields: {
      type: { type: "string", required: true, minLength: 1 },
      parameters: { type: "object" },
      ref: { type: "string" },
      description: { type: "string" },
    },
  },
  criteria: { type: "object", check: checkCriteria },
  action: {
    type: "object",
    required: true,
    fields: {
      ref: { type: "string", required: true, minLength: 1 },
      parameters: { type: "object" },
      description: { type: "string" },
    },
  },
  tags: TAGS_FIELD,
  context: { type: "object" },
};

/**
 * Everything wrong with a rule by itself (model reference 10). Whether its trigger exists and takes these parameters is
 * known to whoever has all trigger types.
 */
export function checkRule(draft: unknown): Problem[] {
  return checkDraft(draft, (rule) => checkFields(rule, FIELDS));
}

function checkCriteria(criteria: JsonObject, path: Path): Problem[] {
  return Object.entries(criteria).flatMap(([key, criterion]) => {
    const here = [...path, key];
    const problems = checkCriterion(key, criterion, here);
    if (!/^(?:trigger(?:$|[.[#])|\$)/.test(key)) {
      problems.push(
        warning(here, `the key '${key}' finds nothing: keys start with 'trigger.', followed by a path in the payload`),
      );
    }
    return problems;
  });
}

function checkCriterion(key: string, criterion: unknown, path: Path): Problem[] {
  if (!isObject(criterion)) {
    return [
      error(
        path,
        `${pythonText(criterion)} is not of type 'object'; a criterion is {type: <operator>, pattern: <value>}`,
      ),
    ];
  }
  const operator = criterion.type;
  const names = [...CRITERIA_OPERATORS.keys()];
  if (operator === undefined || operator === null || operator === "") {
    return [error(path, `Operator not specified for field: ${key}`)];
  }
  if (typeof operator !== "string" || !CRITERIA_OPERATORS.has(operator)) {
    return [
      error(
        [...path, "type"],
        `For field: ${key}, operator ${String(operator)} not in list of allowed operators: [${names.map((name) => `'${name}'`).join(", ")}]${didYouMean(String(operator), names)}`,
      ),
    ];
  }
  if (criterion.pattern === undefined || criterion.pattern === null) {
    return [error(path, `For field: ${key}, no pattern specified for operator ${operator}`)];
  }
  return [
    ...checkFields(
      criterion,
      { type: { type: "any" }, pattern: { type: "any" }, condition: { type: "string" } },
      { path },
    ),
    ...(operator === "search" ? checkSearch(criterion, path) : []),
  ];
}

/** StackStorm accepts these and they never match, so they are warnings. */
function checkSearch(criterion: JsonObject, path: Path): Problem[] {
  const problems: Problem[] = [];
  const conditions: readonly string[] = SEARCH_CONDITIONS;
  const { condition, pattern } = criterion;
  if (typeof condition !== "string" || !conditions.includes(condition)) {
    const found = typeof condition === "string" ? `'${condition}'${didYouMean(condition, conditions)}` : "none";
    problems.push(
      warning(path, `search needs a condition (${conditions.join(", ")}) and has ${found}; it never matches`),
    );
  }
  if (!isObject(pattern)) {
    problems.push(
      warning(
        [...path, "pattern"],
        "the pattern of search is a map of criteria whose keys start with 'item.'; this one never matches",
      ),
    );
    return problems;
  }
  for (const [key, child] of Object.entries(pattern)) {
    const here = [...path, "pattern", key];
    problems.push(
      ...checkCriterion(key, child, here).map((one) => warning(one.path, `${one.message}; the search never matches`)),
    );
    if (!/^item(?:$|[.[#])/.test(key))
      problems.push(warning(here, `the key '${key}' finds nothing: inside search, keys start with 'item.'`));
  }
  return problems;
}
