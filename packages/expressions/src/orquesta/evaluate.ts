import { Undefined } from "@squall/jinja";
import { hasJinja, hasYaql } from "./detect.ts";
import { evaluateJinja, jinjaSyntaxErrors } from "./jinja.ts";
import { ExpressionError, ExpressionFault, Scope, type Variables, type WorkflowFunctions } from "./scope.ts";
import { evaluateYaql, toJson, yaqlSyntaxErrors } from "./yaql.ts";

/**
 * A value with all its expressions evaluated, as JSON: YAQL between `<%` and `%>`, Jinja between `{{` and `}}` or with `{%`
 * tags. A text that is one expression and nothing else keeps the type of its value; others become text. Maps (their
 * keys too) and lists are walked, everything else is returned as it is. Where a text has both languages, Jinja counts.
 *
 * Texts that come out of expressions are data and not evaluated, unless `functions.reevaluate`.
 * @throws ExpressionError, and whatever the `functions` throw
 */
export function evaluateExpressions(value: unknown, variables: Variables, functions: WorkflowFunctions = {}): unknown {
  return walk(value, new Scope(variables, functions), 0);
}

/** Deeper values than this are no workflow's. */
const MAX_NESTING = 500;

function walk(value: unknown, scope: Scope, depth: number): unknown {
  if (typeof value === "string") return plain(evaluateText(value, scope));
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_NESTING)
    throw new ExpressionFault("RecursionError", `a value is nested more than ${MAX_NESTING} levels deep`);
  if (Array.isArray(value)) return value.map((item) => walk(item, scope, depth + 1));
  if (value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [textOfKey(evaluateText(key, scope)), walk(member, scope, depth + 1)]),
  );
}

const textOfKey = (key: unknown): string => (typeof key === "string" ? key : JSON.stringify(plain(key)));

function evaluateText(text: string, scope: Scope): unknown {
  if (hasJinja(text)) return evaluateJinja(text, scope);
  return hasYaql(text) ? evaluateYaql(text, scope) : text;
}

const plain = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !(value instanceof Undefined) ? jsonOf(value) : value;

/** Values that are JSON already stay the same objects: results may be large, and are shared. */
function jsonOf(value: object): unknown {
  return isJson(value) ? value : toJson(value);
}

function isJson(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "bigint" && value !== undefined;
  if (Array.isArray(value)) return value.every(isJson);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson);
}

/** As `evaluateExpressions` for a text that must give a list; sets, maps and texts are none. `undefined` when it gives none. */
export function evaluateList(
  text: string,
  variables: Variables,
  functions: WorkflowFunctions = {},
): unknown[] | undefined {
  const value = evaluateText(text, new Scope(variables, functions));
  return Array.isArray(value) ? (plain(value) as unknown[]) : undefined;
}

export interface ExpressionProblem {
  readonly type: "yaql" | "jinja" | null;
  readonly expression: string;
  readonly message: string;
}

/** What cannot be read among the expressions of a text; whether functions and filters exist is not looked at. */
export function checkExpressions(text: string): ExpressionProblem[] {
  const jinja = hasJinja(text);
  const yaql = hasYaql(text);
  if (jinja && yaql) {
    return [{ type: null, expression: text, message: "Expression with multiple types is not supported." }];
  }
  if (jinja) return jinjaSyntaxErrors(text).map((one) => ({ type: "jinja", ...one }));
  return yaql ? yaqlSyntaxErrors(text).map((one) => ({ type: "yaql", ...one })) : [];
}

export { ExpressionError };
