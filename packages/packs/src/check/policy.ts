import { isObject } from "@squall/model";
import { checkDraft, checkFields, COMPUTED_FIELDS, type Field, type Fields } from "./fields.ts";
import { didYouMean, error, type Problem } from "./problem.ts";

const FIELDS: Fields = {
  ...COMPUTED_FIELDS,
  name: { type: "string", required: true, minLength: 1, maxLength: 1024 },
  pack: { type: "string" },
  description: { type: "string" },
  enabled: { type: "boolean" },
  resource_ref: { type: "string", required: true, minLength: 1 },
  policy_type: { type: "string", required: true },
  parameters: { type: "object" },
};

const CONCURRENCY: Fields = {
  threshold: { type: "integer", required: true, minimum: 0 },
  action: { type: "string", enum: ["delay", "cancel"] },
};
const ATTRIBUTES: Field = { type: "array", items: { type: "string" }, uniqueItems: true };

/** What each policy type takes (model reference 8). */
export const POLICY_TYPES: Readonly<Record<string, Fields>> = {
  "action.concurrency": CONCURRENCY,
  "action.concurrency.attr": { ...CONCURRENCY, attributes: ATTRIBUTES },
  "action.retry": {
    retry_on: { type: "string", required: true, enum: ["failure", "timeout"] },
    // Required there too, but with a default, which satisfies it.
    max_retry_count: { type: "integer", minimum: 1, maximum: 5 },
    delay: { type: "number", minimum: 0, maximum: 120 },
  },
};

/** The values of parameters that a policy leaves out. */
export const POLICY_DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "action.concurrency": { action: "delay" },
  "action.concurrency.attr": { action: "delay" },
  "action.retry": { max_retry_count: 2 },
};

/** Everything wrong with a policy's metadata. */
export function checkPolicy(draft: unknown): Problem[] {
  return checkDraft(draft, (policy) => {
    const problems = checkFields(policy, FIELDS);
    const type = policy.policy_type;
    if (typeof type !== "string") return problems;
    const fields = Object.hasOwn(POLICY_TYPES, type) ? POLICY_TYPES[type] : undefined;
    if (!fields) {
      const names = Object.keys(POLICY_TYPES);
      problems.push(
        error(
          ["policy_type"],
          `Referenced policy_type "${type}" doesnt exist${didYouMean(type, names) || `; known: ${names.join(", ")}`}`,
        ),
      );
    } else {
      const parameters = isObject(policy.parameters) ? policy.parameters : {};
      problems.push(...checkFields(parameters, fields, { path: ["parameters"] }));
    }
    return problems;
  });
}
