/**
 * The form of a workflow (orquesta-and-expressions 1.1) in the keywords of JSON Schema draft 4 that `validate.ts` knows.
 * Short forms are written out before.
 */
export interface Schema {
  readonly type?: "string" | "integer" | "number" | "array" | "object";
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  /** As messages show it; `matches` is what is tested. */
  readonly pattern?: string;
  readonly matches?: RegExp;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: false;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

const text: Schema = { type: "string", minLength: 1 };
const natural: Schema = { type: "integer", minimum: 0 };
const textOrNatural: Schema = { oneOf: [text, natural] };
const pair: Schema = { type: "object", minProperties: 1, maxProperties: 1 };
const pairs: Schema = { type: "array", items: pair, minItems: 1, uniqueItems: true };

/** An expression, or names, ` in ` and an expression. */
const ITEMS = "^(\\s+)?({{.*?}}|<%.*?%>)(\\s+)?$|^(\\s+)?((\\w+,\\s?|\\s+)+)?(\\w+)\\s+in\\s+({{.*?}}|<%.*?%>)(\\s+)?$";
/** The same language without the original's ways to match one text by many paths, which take forever on the wrong text. */
const ITEMS_MATCH = /^(?:\s*(?:\{\{.*?\}\}|<%.*?%>)\s*$|(?:\w+,|\s)*\w+\s+in\s+(?:\{\{.*?\}\}|<%.*?%>)\s*$)/;

const transition: Schema = {
  type: "object",
  properties: {
    when: text,
    publish: { oneOf: [text, pairs] },
    do: { oneOf: [text, { type: "array", items: text, minItems: 1, uniqueItems: true }] },
  },
  additionalProperties: false,
};

const task: Schema = {
  type: "object",
  properties: {
    delay: textOrNatural,
    // Not Orquesta's, which has no limit for a task.
    timeout: textOrNatural,
    join: { oneOf: [{ enum: ["all"] }, natural] },
    with: {
      type: "object",
      properties: { items: { ...text, pattern: ITEMS, matches: ITEMS_MATCH }, concurrency: textOrNatural },
      required: ["items"],
      additionalProperties: false,
    },
    action: text,
    input: { oneOf: [text, { type: "object", minProperties: 1 }] },
    retry: {
      type: "object",
      properties: { when: text, count: textOrNatural, delay: textOrNatural },
      required: ["count"],
      additionalProperties: false,
    },
    next: { type: "array", items: transition },
  },
  additionalProperties: false,
};

export const TASK_NAME = "^\\w+$";

export const workflowSchema: Schema = {
  type: "object",
  properties: {
    name: text,
    version: { enum: ["1.0", 1], anyOf: [{ type: "string" }, { type: "number" }] },
    description: text,
    tags: { type: "array", items: text, minItems: 1, uniqueItems: true },
    input: { type: "array", items: { oneOf: [text, pair] }, minItems: 1, uniqueItems: true },
    vars: pairs,
    tasks: { type: "object", minProperties: 1, patternProperties: { [TASK_NAME]: task } },
    output: pairs,
  },
  required: ["tasks"],
  additionalProperties: false,
};
