import {
  Callable,
  createEnvironment,
  filter,
  hostValue,
  isDict,
  iterate,
  JinjaError,
  parseJson,
  text as printed,
  typeName,
  Undefined,
} from "@squall/jinja";
import type { Filter, KeywordArguments, Runtime } from "@squall/jinja";
import { textCache } from "../cache.ts";
import { fault } from "../fault.ts";
import { filters } from "../filters.ts";
import { hasBlock, hasJinja, pieces, rawPieces } from "./detect.ts";
import { ALIASES, PURE, zip } from "./functions.ts";
import { ExpressionError, ExpressionFault, type Scope } from "./scope.ts";

/** Under this key of a template's context, which no template can name, is the scope of its evaluation. */
const SCOPE = Symbol("scope");
const scopeOf = (rt: Runtime): Scope => (rt.context as unknown as { readonly [SCOPE]: Scope })[SCOPE];

/** A function whose parameters may be given by name. */
function callable(
  name: string,
  parameters: readonly string[],
  run: (rt: Runtime, args: unknown[]) => unknown,
): Callable {
  return new Callable(name, (args, keywords, rt) => {
    const values = place(name, parameters, args, keywords);
    for (const value of values) if (value instanceof Undefined) throw value.error();
    try {
      return run(rt, values);
    } catch (error) {
      throw error instanceof ExpressionFault ? fault(error.message, error.kind) : error;
    }
  });
}

function place(name: string, parameters: readonly string[], args: unknown[], keywords: KeywordArguments): unknown[] {
  const names = parameters.map((parameter) => parameter.replace("?", ""));
  if (args.length > names.length) {
    throw fault(`${name}() takes at most ${names.length} arguments (${args.length} given)`, "TypeError");
  }
  const placed = [...args];
  for (const [keyword, value] of keywords) {
    const at = names.indexOf(keyword);
    if (at < 0) throw fault(`${name}() got an unexpected keyword argument '${keyword}'`, "TypeError");
    if (at < args.length) throw fault(`${name}() got multiple values for argument '${keyword}'`, "TypeError");
    placed[at] = value;
  }
  parameters.forEach((parameter, i) => {
    if (!parameter.endsWith("?") && placed[i] === undefined) {
      throw fault(`${name}() missing 1 required positional argument: '${parameter}'`, "TypeError");
    }
  });
  return placed;
}

const pureFunctions = [...PURE].map(([name, parameters]): [string, Callable] => {
  const target = filters[ALIASES[name] ?? name] as Exclude<Filter, { parameters: "raw" }>;
  return [name, callable(name, ["value", ...parameters], (rt, [value, ...rest]) => target.run(rt, value, ...rest))];
});

function parse(value: unknown): unknown {
  const plain = hostValue(value);
  if (plain instanceof Undefined) throw plain.error();
  if (isDict(plain)) return plain;
  if (typeof plain !== "string") throw fault("Given object is not typeof string.", "ValueError");
  return parseJson(plain);
}

const zipped = new Callable("zip", (args, keywords, rt) => {
  for (const keyword of keywords.keys()) {
    if (keyword !== "pad") throw fault(`zip() got an unexpected keyword argument '${keyword}'`, "TypeError");
  }
  if (args.length === 1) return args[0];
  return zip(
    args.map((list) => (list === null ? [] : [...iterate(rt, list)])),
    keywords.get("pad") ?? null,
  );
});

const contextual: readonly Callable[] = [
  callable("ctx", ["key?"], (rt, [key]) => scopeOf(rt).ctx(key)),
  callable("item", ["key?"], (rt, [key]) => scopeOf(rt).item(key)),
  callable("result", [], (rt) => scopeOf(rt).result()),
  callable("succeeded", [], (rt) => scopeOf(rt).statusOfCurrent() === "succeeded"),
  callable("failed", [], (rt) => FAILED.has(scopeOf(rt).statusOfCurrent() ?? "")),
  callable("completed", [], (rt) => COMPLETED.has(scopeOf(rt).statusOfCurrent() ?? "")),
  callable("task_status", ["task_id", "route?"], (rt, [id, route]) => scopeOf(rt).taskStatus(id, route)),
  callable("task", ["task_id?", "route?"], (rt, [id, route]) => scopeOf(rt).taskRecord(id, route)),
  callable("st2kv", ["key_id", "decrypt?", "default?"], (rt, [key, decrypt, preset]) =>
    scopeOf(rt).st2kv(hostValue(key), decrypt ?? false, preset === undefined ? undefined : { value: preset }),
  ),
];

/** Orquesta knows no task that timed out as a whole; where tasks have limits, that is a failure. */
const FAILED: ReadonlySet<string> = new Set(["failed", "timeout"]);
const COMPLETED: ReadonlySet<string> = new Set(["succeeded", "failed", "timeout", "abandoned", "canceled"]);

/** How a value looks among other text; the name cannot be meant for anything else. */
const PRINT = "orquesta__print";

const environment = createEnvironment({
  strict: true,
  trimBlocks: true,
  lstripBlocks: true,
  filters: {
    ...Object.fromEntries([...PURE.keys()].map((name) => [name, filters[ALIASES[name] ?? name] as Filter])),
    json: filter("", (_, value) => parse(value)),
    zip: filter("pad?", (_, value) => value),
    random: filter("", (rt, value) => {
      const items = [...iterate(rt, value)];
      if (items.length === 0) return rt.undefined("No random item, sequence was empty.");
      return items[Math.floor((scopeOf(rt).functions.random ?? rt.setup.random)() * items.length)];
    }),
    [PRINT]: filter("", (rt, value) =>
      typeName(value) === "generator" ? printed(rt, [...iterate(rt, value)]) : printed(rt, value),
    ),
  },
  globals: Object.fromEntries<unknown>([
    ...pureFunctions,
    ...contextual.map((one): [string, Callable] => [one.name, one]),
    ["json", callable("json", ["value"], (_, [value]) => parse(value))],
    ["zip", zipped],
  ]),
});

type Piece =
  | { readonly literal: string }
  | { readonly source: string; value(context: object): unknown; print(context: object): string };

/** A text, ready to be evaluated. */
type Plan =
  | { readonly kind: "block"; render(context: object): string; restore(rendered: string): string }
  | { readonly kind: "pieces"; readonly pieces: readonly Piece[] }
  | { readonly kind: "broken"; readonly expression: string; readonly error: JinjaError };

const plans = textCache<Plan>(10_000, 20_000_000, (text) => {
  let expression = text;
  try {
    const parts = rawPieces(text);
    const literal = (source: string): string => environment.compile(source).render();
    if (parts.some((part) => !part.isRaw && hasBlock(part.source))) {
      const kept: string[] = [];
      const bare = parts.map(({ source, isRaw }) => (isRaw ? `\uE000${kept.push(literal(source)) - 1}\uE001` : source));
      const template = environment.compile(bare.join(""));
      return {
        kind: "block",
        render: (context) => template.render(context as Record<string, unknown>),
        restore: (rendered) => rendered.replace(/\uE000(\d+)\uE001/g, (all, i: string) => kept[Number(i)] ?? all),
      };
    }
    const all: Piece[] = [];
    const cut = (part: string): void => {
      for (const piece of pieces(part, "jinja")) {
        if (piece.expression === undefined) {
          all.push({ literal: piece.source });
          continue;
        }
        expression = piece.source;
        const native = environment.compileExpression(piece.expression);
        // Compiled when it is first printed: most texts are one expression whose value is taken as it is.
        let template: ReturnType<typeof environment.compileExpression> | undefined;
        all.push({
          source: piece.source,
          value: (context) => native.evaluate(context as Record<string, unknown>),
          print: (context) => {
            template ??= environment.compileExpression(`(${piece.expression})|${PRINT}`);
            return template.evaluate(context as Record<string, unknown>) as string;
          },
        });
      }
    };
    for (const { source, isRaw } of parts) {
      if (isRaw) all.push({ literal: literal(source) });
      else cut(source);
    }
    return { kind: "pieces", pieces: all };
  } catch (error) {
    if (error instanceof JinjaError) return { kind: "broken", expression, error };
    throw error;
  }
});

/** Evaluations inside evaluations, where texts are evaluated again. */
const MAX_DEPTH = 50;

/** @throws ExpressionError */
export function evaluateJinja(text: string, scope: Scope, depth = 0): unknown {
  const plan = plans.get(text);
  const context = { [SCOPE]: scope };
  if (depth > MAX_DEPTH) {
    throw failure(text, "RecursionError", `texts evaluate to expressions more than ${MAX_DEPTH} levels deep`);
  }
  const again = (value: unknown): unknown =>
    scope.functions.reevaluate === true && typeof value === "string" && hasJinja(value)
      ? evaluateJinja(value, scope, depth + 1)
      : value;
  if (plan.kind === "broken") throw asFailure(plan.expression, plan.error);
  if (plan.kind === "block") {
    const rendered = again(attempt(text, () => plan.render(context)));
    return typeof rendered === "string" ? plan.restore(rendered) : rendered;
  }
  const [only] = plan.pieces;
  if (plan.pieces.length === 1 && only !== undefined) {
    return "literal" in only
      ? only.literal
      : again(
          defined(
            only.source,
            attempt(only.source, () => only.value(context)),
          ),
        );
  }
  let out = "";
  for (const piece of plan.pieces) {
    if ("literal" in piece) {
      out += piece.literal;
      continue;
    }
    if (scope.functions.reevaluate === true) {
      const value = defined(
        piece.source,
        attempt(piece.source, () => piece.value(context)),
      );
      const final = again(value);
      if (final !== value) {
        out += typeof final === "string" ? final : printValue(final);
        continue;
      }
    }
    out += attempt(piece.source, () => piece.print(context));
  }
  return out;
}

const printer = environment.compileExpression(`value|${PRINT}`);
const printValue = (value: unknown): string => printer.evaluate({ value }) as string;

function defined(source: string, value: unknown): unknown {
  if (value !== undefined) return value;
  const name = source.slice(2, -2).trim();
  throw new ExpressionError(
    "JinjaEvaluationException",
    "UndefinedError",
    `Unable to evaluate expression '${source}'. There are unresolved variables: ${name}`,
  );
}

function attempt<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asFailure(source, error);
  }
}

function asFailure(source: string, error: unknown): unknown {
  return error instanceof JinjaError ? failure(source, error.kind, error.text, error) : error;
}

const failure = (source: string, kind: string, text: string, cause?: unknown): ExpressionError =>
  new ExpressionError(
    "JinjaEvaluationException",
    kind,
    `Unable to evaluate expression '${source}'. ${kind}: ${text}`,
    cause,
  );

/** The expressions of a text that cannot be read: the piece and what is wrong with it. */
export function jinjaSyntaxErrors(text: string): { readonly expression: string; readonly message: string }[] {
  const found: { expression: string; message: string }[] = [];
  try {
    environment.check(text);
  } catch (error) {
    if (!(error instanceof JinjaError)) throw error;
    found.push({ expression: text, message: error.text });
  }
  for (const piece of rawPieces(text).flatMap((part) => (part.isRaw ? [] : pieces(part.source, "jinja")))) {
    if (piece.expression === undefined || found.some((one) => one.expression === piece.source)) continue;
    try {
      environment.compileExpression(piece.expression);
    } catch (error) {
      // A filter that does not exist is told when it is used, as in Orquesta.
      if (error instanceof JinjaError && error.kind !== "TemplateAssertionError") {
        found.push({ expression: piece.source, message: error.text });
      }
    }
  }
  return found;
}

const pureCalls = new Map<string, ReturnType<typeof environment.compileExpression>>();

/** Calls one of the shared functions with values of JSON; arguments that are `undefined` count as not given. */
export function callPure(name: string, args: readonly unknown[]): unknown {
  const parameters = ["value", ...(PURE.get(name) ?? [])].map((parameter) => parameter.replace("?", ""));
  const given = parameters.filter((_, i) => args[i] !== undefined);
  const call = `${name}(${given.map((parameter) => `${parameter}=${parameter}`).join(", ")})`;
  let compiled = pureCalls.get(call);
  if (compiled === undefined) pureCalls.set(call, (compiled = environment.compileExpression(call)));
  return compiled.evaluate(Object.fromEntries(parameters.map((parameter, i) => [parameter, args[i]])));
}
