import { compile, createContext, registerFunction, repr, str, toJson, YaqlError, YaqlKeyError } from "@squall/yaql";
import type { CompiledExpression, Context, Implementation } from "@squall/yaql";
import { JinjaError, parseJson } from "@squall/jinja";
import { isObject } from "@squall/model";
import { textCache } from "../cache.ts";
import { hasYaql, pieces } from "./detect.ts";
import { PURE, zip } from "./functions.ts";
import { callPure } from "./jinja.ts";
import { ExpressionError, ExpressionFault, type Scope } from "./scope.ts";

/** A variable that no expression can name, because of its space: the scope of the evaluation. */
const SCOPE = "the scope";
const scopeOf = (context: Context): Scope => context.get(SCOPE) as Scope;

/** Orquesta knows no task that timed out as a whole; where tasks have limits, that is a failure. */
const FAILED: ReadonlySet<string> = new Set(["failed", "timeout"]);
const COMPLETED: ReadonlySet<string> = new Set(["succeeded", "failed", "timeout", "abandoned", "canceled"]);

/** Orquesta's and StackStorm's functions, beside YAQL's own. */
const library: Context = createContext();
const register = (signature: string, run: Implementation): void => registerFunction(library, signature, run);

register("ctx(key: any? = null)", (context, key) => scopeOf(context).ctx(key));
register("item(key: any? = null)", (context, key) => scopeOf(context).item(key));
register("result()", (context) => scopeOf(context).result());
register("succeeded()", (context) => scopeOf(context).statusOfCurrent() === "succeeded");
register("failed()", (context) => FAILED.has(scopeOf(context).statusOfCurrent() ?? ""));
register("completed()", (context) => COMPLETED.has(scopeOf(context).statusOfCurrent() ?? ""));
register("task_status(taskId: any, route: any? = null)", (context, id, route) =>
  scopeOf(context).taskStatus(id, route),
);
register("task(taskId: any? = null, route: any? = null)", (context, id, route) =>
  scopeOf(context).taskRecord(id, route),
);
register("st2kv(key: any?, decrypt: any? = false, default: any? = omitted)", (context, key, decrypt, preset) =>
  scopeOf(context).st2kv(key, decrypt, preset === undefined ? undefined : { value: preset }),
);
register("json(value: any?)", (_context, value) => {
  if (typeof value !== "string") throw new ExpressionFault("ValueError", "Given object is not typeof string.");
  return parseJson(value);
});
register("zip(*lists: any?, **named: any?)", zipLists);

function zipLists(_context: Context, lists: readonly unknown[], named: ReadonlyMap<string, unknown>): unknown {
  for (const name of named.keys()) {
    if (name !== "pad") throw new ExpressionFault("TypeError", `zip() got an unexpected keyword argument '${name}'`);
  }
  const pad = named.get("pad") ?? null;
  if (lists.length === 1) return lists[0];
  return zip(
    lists.map((list) => (list === null ? [] : (toJson(list) as unknown[]))),
    pad,
  );
}

const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

for (const [name, parameters] of PURE) {
  const signature = ["value: any?"];
  for (const parameter of parameters) {
    const optional = parameter.endsWith("?");
    signature.push(`${camelCase(parameter.replace("?", ""))}: any?${optional ? " = omitted" : ""}`);
  }
  register(`${name}(${signature.join(", ")})`, (_context, ...args) => callPure(name, args.map(foreign)));
}

/** A value of YAQL as the functions shared with Jinja take it. */
function foreign(value: unknown): unknown {
  return typeof value === "object" && value !== null ? toJson(value) : value;
}

type Piece =
  | { readonly literal: string }
  | { readonly source: string; readonly compiled: CompiledExpression | YaqlError };

const plans = textCache<readonly Piece[]>(10_000, 20_000_000, (text) =>
  pieces(text, "yaql").map((piece) => {
    if (piece.expression === undefined) return { literal: piece.source };
    return { source: piece.source, compiled: compiled(piece.expression) };
  }),
);

function compiled(expression: string): CompiledExpression | YaqlError {
  try {
    return compile(expression);
  } catch (error) {
    if (error instanceof YaqlError) return error;
    throw error;
  }
}

/** Evaluations inside evaluations, where texts are evaluated again. */
const MAX_DEPTH = 50;

/** The value as YAQL has it: sets, dates and floats are objects of its own. @throws ExpressionError */
export function evaluateYaql(text: string, scope: Scope, depth = 0): unknown {
  const plan = plans.get(text);
  let context: Context | undefined;
  const { now, random } = scope.functions;
  const options = { ...(now === undefined ? {} : { now }), ...(random === undefined ? {} : { random }) };
  const evaluate = (piece: Exclude<Piece, { literal: string }>): unknown => {
    if (piece.compiled instanceof YaqlError) throw asFailure(piece.source, piece.compiled);
    try {
      if (context === undefined) {
        context = createContext(library);
        context.set(SCOPE, scope);
      }
      const value = piece.compiled.evaluate(undefined, context, options);
      if (scope.functions.reevaluate !== true || typeof value !== "string" || !hasYaql(value)) return value;
      if (depth < MAX_DEPTH) return evaluateYaql(value, scope, depth + 1);
      throw new ExpressionFault("RecursionError", `texts evaluate to expressions more than ${MAX_DEPTH} levels deep`);
    } catch (error) {
      throw asFailure(piece.source, error);
    }
  };
  const [only] = plan;
  if (plan.length === 1 && only !== undefined) return "literal" in only ? only.literal : evaluate(only);
  return plan.map((piece) => ("literal" in piece ? piece.literal : printed(evaluate(piece)))).join("");
}

/** How a value looks among other text: as Python prints it, lists in brackets. */
function printed(value: unknown): string {
  return typeof value === "object" && value !== null ? represented(value) : str(value);
}

function represented(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(represented).join(", ")}]`;
  if (value instanceof Set) return value.size === 0 ? "set()" : `{${[...value].map(represented).join(", ")}}`;
  const entries =
    value instanceof Map ? [...value] : isObject(value) && isPlain(value) ? Object.entries(value) : undefined;
  if (entries === undefined) return typeof value === "object" && value !== null ? str(value) : repr(value);
  return `{${entries.map(([key, member]) => `${represented(key)}: ${represented(member)}`).join(", ")}}`;
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

function asFailure(source: string, error: unknown): unknown {
  if (error instanceof YaqlKeyError) {
    return new ExpressionError(
      "YaqlEvaluationException",
      "KeyError",
      `Unable to resolve key '${String(error.key)}' in expression '${source}' from context.`,
      error,
    );
  }
  const kind =
    error instanceof YaqlError
      ? error.type
      : error instanceof ExpressionFault || error instanceof JinjaError
        ? error.kind
        : undefined;
  if (kind === undefined) return error;
  const text = error instanceof JinjaError ? error.text : (error as Error).message;
  return new ExpressionError(
    "YaqlEvaluationException",
    kind,
    `Unable to evaluate expression '${source}'. ${kind}: ${text}`,
    error,
  );
}

/** The expressions of a text that cannot be read: the piece and what is wrong with it. */
export function yaqlSyntaxErrors(text: string): { readonly expression: string; readonly message: string }[] {
  return plans
    .get(text)
    .flatMap((piece) =>
      "literal" in piece || !(piece.compiled instanceof YaqlError)
        ? []
        : [{ expression: piece.source, message: piece.compiled.message }],
    );
}

export { toJson };
