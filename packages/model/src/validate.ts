import type { Ajv } from "ajv";
import { type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import Ajv4Module from "ajv-draft-04";
import type { JsonObject } from "./json.ts";
import { boundedPattern } from "./bounded-pattern.ts";

export interface Violation {
  /** Dotted path of the value, `""` for the whole. */
  readonly path: string;
  readonly message: string;
}

/** Everything that is wrong with a value; empty means it is valid. */
export type Validate = (value: unknown) => readonly Violation[];

/** Patterns as packs write them. One that cannot be compiled checks nothing: the pack's reader warned about it. */
const regExp = Object.assign(
  (pattern: string): { test(text: string): boolean; toString(): string } => ({
    test: boundedPattern(pattern) ?? (() => true),
    // Ajv takes patterns with the same text for one.
    toString: () => pattern,
  }),
  {
    code: "undefined", // only for code that Ajv would write to a file
  },
);

const OPTIONS = {
  allErrors: true,
  strict: false,
  validateFormats: false,
  unicodeRegExp: false,
  code: { regExp },
  ownProperties: true,
} as const;

/**
 * Compiles a JSON Schema (draft 4, or 2020-12 where `$schema` says nothing else and `draft` is "2020-12").
 * Messages are worded as Python's jsonschema words them, since StackStorm's users and scripts look for those words.
 * A check throws Invalid where a pattern takes too long. What is wrong with a member of `secret` is said without the value. Throws what Ajv throws when the schema itself is not
 * one.
 */
export function compileSchema(
  schema: JsonObject | boolean,
  draft: "draft-4" | "2020-12" = "draft-4",
  secret: readonly string[] = [],
): Validate {
  // One Ajv per schema: a shared one would keep every schema ever compiled alive.
  // The cast: ajv-draft-04 is CommonJS whose default export TypeScript sees as a module object.
  const ajv = draft === "draft-4" ? new (Ajv4Module as unknown as typeof Ajv)(OPTIONS) : new Ajv2020(OPTIONS);
  const check: ValidateFunction = ajv.compile(schema);
  return (value) => (check(value) ? [] : (check.errors ?? []).map((error) => violation(error, value, secret)));
}

function violation(error: ErrorObject, root: unknown, secret: readonly string[]): Violation {
  const segments = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const value = at(root, segments);
  const shown = secret.includes(segments[0] ?? "") ? "********" : show(value);
  return { path: segments.join("."), message: words(error, shown) };
}

function at(root: unknown, segments: readonly string[]): unknown {
  let value = root;
  for (const segment of segments) value = (value as JsonObject | undefined)?.[segment];
  return value;
}

function words(error: ErrorObject, shown: string): string {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "required":
      return `'${String(params.missingProperty)}' is a required property`;
    case "additionalProperties":
      return `Additional properties are not allowed ('${String(params.additionalProperty)}' was unexpected)`;
    case "type":
      return `${shown} is not of type ${(Array.isArray(params.type) ? (params.type as string[]) : String(params.type).split(",")).map((type) => `'${type}'`).join(", ")}`;
    case "enum":
      return `${shown} is not one of ${show(params.allowedValues)}`;
    case "pattern":
      return `${shown} does not match '${String(params.pattern)}'`;
    case "minimum":
      return `${shown} is less than the minimum of ${String(params.limit)}`;
    case "maximum":
      return `${shown} is greater than the maximum of ${String(params.limit)}`;
    case "minLength":
    case "minItems":
      return `${shown} is too short`;
    case "maxLength":
    case "maxItems":
      return `${shown} is too long`;
    case "uniqueItems":
      return `${shown} has non-unique elements`;
    default:
      return error.message ?? `fails '${error.keyword}'`;
  }
}

/** A value the way Python prints it, cut where it would flood a message. */
function show(value: unknown): string {
  const text = python(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([key, one]) => `'${key}': ${python(one)}`)
      .join(", ")}}`;
  return String(value);
}

export { show as pythonText };
