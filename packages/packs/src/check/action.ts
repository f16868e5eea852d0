import {
  canonicalJson,
  isObject,
  type JsonObject,
  labelTrouble,
  PRIORITIES,
  pythonText,
  type RunnerType,
} from "@squall/model";
import type { Path } from "../yaml/positions.ts";
import { checkDraft, checkFields, COMPUTED_FIELDS, type Field, type Fields, TAGS_FIELD } from "./fields.ts";
import { checkJsonSchema } from "./json-schema.ts";
import { checkParameters } from "./parameters.ts";
import { didYouMean, error, type Problem } from "./problem.ts";

/** The runners that actions may name. */
export type KnownRunner = Pick<RunnerType, "name" | "runner_parameters">;

export interface ActionRules {
  /** Absent: runner types and overrides of runner parameters are not checked. */
  readonly runners?: readonly KnownRunner[];
  /** For messages, where the draft does not say. */
  readonly pack?: string;
}

/** Runner parameters' attributes that an action may change. */
const OVERRIDABLE = ["default", "description", "enum", "immutable", "required"];

const NOTIFY_SECTION: Field = {
  type: "object",
  fields: {
    message: { type: "string" },
    data: { type: "object" },
    routes: { type: "array", items: { type: "string" } },
    channels: { type: "array", items: { type: "string" } },
  },
};

const FIELDS: Fields = {
  ...COMPUTED_FIELDS,
  name: { type: "string", required: true, minLength: 1, maxLength: 1024 },
  runner_type: { type: "string", required: true },
  pack: { type: "string" },
  description: { type: "string" },
  enabled: { type: "boolean" },
  entry_point: { type: "string", check: checkEntryPoint },
  parameters: { type: "object", check: (value: JsonObject, path) => checkParameters(value, path) },
  output_schema: { type: "object", check: checkOutputSchema },
  idempotent: { type: "boolean" },
  tags: TAGS_FIELD,
  notify: {
    type: "object",
    fields: { "on-complete": NOTIFY_SECTION, "on-success": NOTIFY_SECTION, "on-failure": NOTIFY_SECTION },
  },
  where: { type: "object", check: checkWhere },
  priority: { type: "integer", minimum: PRIORITIES.lowest, maximum: PRIORITIES.highest },
};

/** Everything wrong with an action's metadata (model reference 4). */
export function checkAction(draft: unknown, rules: ActionRules = {}): Problem[] {
  return checkDraft(draft, (action) => {
    const problems = checkFields(action, FIELDS);
    const runner = checkRunner(action, rules, problems);
    if (isObject(action.parameters)) {
      problems.push(...checkAgainstRunner(action, action.parameters, runner, rules.pack));
      problems.push(...checkPositions(action.parameters));
    }
    return problems;
  });
}

/** StackStorm's runner names are written with hyphens; packs may also use underscores. */
export function runnerName(text: string): string {
  if (text === "orchestra") return "orquesta";
  return text.replaceAll("_", "-");
}

function checkRunner(action: JsonObject, { runners }: ActionRules, problems: Problem[]): KnownRunner | undefined {
  const name = action.runner_type;
  if (!runners || typeof name !== "string") return undefined;
  const found = runners.find((runner) => runner.name === runnerName(name));
  if (!found) {
    const names = runners.map((runner) => runner.name);
    problems.push(
      error(
        ["runner_type"],
        `RunnerType ${name} is not found${didYouMean(name, names) || `; known: ${names.join(", ")}`}`,
      ),
    );
  }
  return found;
}

function checkAgainstRunner(
  action: JsonObject,
  parameters: JsonObject,
  runner: KnownRunner | undefined,
  pack = "default",
): Problem[] {
  const problems: Problem[] = [];
  const runnerParameters: JsonObject = runner?.runner_parameters ?? {};
  for (const [name, schema] of Object.entries(parameters)) {
    if (!isObject(schema)) continue;
    const inherited = Object.hasOwn(runnerParameters, name) ? runnerParameters[name] : undefined;
    const runnerSchema: JsonObject = isObject(inherited) ? inherited : {};
    for (const [attribute, value] of Object.entries(schema)) {
      if (!isObject(inherited) || OVERRIDABLE.includes(attribute)) continue;
      if (canonicalJson(value) === canonicalJson(runnerSchema[attribute])) continue;
      const ref = `${typeof action.pack === "string" ? action.pack : pack}.${String(action.name)}`;
      problems.push(
        error(
          ["parameters", name, attribute],
          `The attribute "${attribute}" for the runner parameter "${name}" in action "${ref}" cannot be overridden.`,
        ),
      );
    }
    if (!Object.hasOwn(schema, "immutable")) continue;
    if (Object.hasOwn(runnerSchema, "immutable")) {
      problems.push(
        error(
          ["parameters", name, "immutable"],
          `Param ${name} is declared immutable in runner. Cannot override in action.`,
        ),
      );
    } else if (runner && schema.immutable === true && !Object.hasOwn({ ...runnerSchema, ...schema }, "default")) {
      problems.push(error(["parameters", name, "immutable"], `Immutable param ${name} requires a default value.`));
    }
  }
  return problems;
}

function checkPositions(parameters: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<number, string>();
  for (const [name, schema] of Object.entries(parameters)) {
    const position = isObject(schema) ? schema.position : undefined;
    if (typeof position !== "number") continue;
    const other = taken.get(position);
    if (other === undefined) taken.set(position, name);
    else {
      problems.push(
        error(
          ["parameters", name, "position"],
          `Parameters ${name} and ${other} have same position ${position}. Position values have to be unique.`,
        ),
      );
    }
  }
  const positions = [...taken.keys()].sort((a, b) => a - b);
  const gap = positions.find((position, index) => position !== (positions[0] ?? 0) + index);
  if (gap !== undefined) {
    problems.push(
      error(
        ["parameters", taken.get(gap) ?? "", "position"],
        `Positions supplied ${pythonText([...taken.keys()])} for parameters are not contiguous.`,
      ),
    );
  }
  return problems;
}

/** Says what a path inside a pack may not be; `[]` when it stays inside by its text (links are the reader's matter). */
export function checkEntryPoint(entryPoint: string, path: Path): Problem[] {
  if (entryPoint.includes("\0")) return [error(path, "the path holds a null character")];
  if (entryPoint.split(/[/\\]/).includes("..")) {
    return [
      error(
        path,
        `'${entryPoint}' leaves the pack; an entry point is a path below the pack's own folder, without '..'`,
      ),
    ];
  }
  return [];
}

function checkWhere(where: JsonObject, path: Path): Problem[] {
  const trouble = labelTrouble(where);
  return trouble ? [error(trouble.name === undefined ? path : [...path, trouble.name], trouble.message)] : [];
}

function checkOutputSchema(schema: JsonObject, path: Path): Problem[] {
  // Without a type it is the older form, a map of property schemas that is only used to mask secrets.
  if (!Object.hasOwn(schema, "type")) {
    return Object.entries(schema).flatMap(([name, one]) =>
      isObject(one) ? [] : [error([...path, name], `${pythonText(one)} is not of type 'object'`)],
    );
  }
  return checkJsonSchema(schema, path);
}
