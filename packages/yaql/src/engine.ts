import { type Argument, type Expression, walk } from "./ast.ts";
import { compileExpression } from "./compile.ts";
import { Context } from "./context.ts";
import { NO_VALUE, noMatch } from "./dispatch.ts";
import { YaqlLimitError } from "./errors.ts";
import type { Evaluate } from "./lambda.ts";
import { standardContext } from "./library/index.ts";
import { finalize } from "./output.ts";
import { parse, type ParseOptions } from "./parser.ts";
import { type EvaluationOptions, Run } from "./run.ts";

export interface CompileOptions extends ParseOptions, EvaluationOptions {}

/** What an expression mentions, as far as its text shows; each name once, in the order of the text. */
export interface Names {
  /** Without the dollar; `$` is `1`. */
  readonly variables: readonly string[];
  /** Called as `name()`. */
  readonly functions: readonly string[];
  /** Called as `x.name()`. */
  readonly methods: readonly string[];
}

export interface CompiledExpression {
  readonly text: string;
  readonly expression: Expression;
  readonly names: Names;
  /**
   * The value for `$`, in a context (by default one with the standard library only), as arrays, objects, Maps and
   * Sets; numbers keep whether they are floats (`PyFloat`). Without data `$` is null. Throws YaqlError, and whatever
   * the functions of the context throw.
   */
  evaluate(data?: unknown, context?: Context, options?: EvaluationOptions): unknown;
}

/**
 * Reads an expression and makes it ready to be evaluated many times. Throws YaqlSyntaxError.
 *
 * ```ts
 * compile("$.servers.where($.cpu > 2).name").evaluate({ servers: [{ name: "db1", cpu: 16 }] }); // ["db1"]
 * ```
 */
export function compile(text: string, options: CompileOptions = {}): CompiledExpression {
  const expression = parse(text, options);
  const run = compileExpression(expression);
  let names: Names | undefined;
  const preset = options;
  return {
    text,
    expression,
    get names() {
      return (names ??= namesOf(expression));
    },
    evaluate: (data, context = defaultContext(options.delegates === true), own) =>
      execute(run, data, context, own === undefined ? preset : { ...preset, ...own }),
  };
}

function execute(run: Evaluate, data: unknown, context: Context, options: EvaluationOptions): unknown {
  const budget = new Run(options);
  const scope = new Context(context, budget);
  if (data !== undefined) scope.set("1", data);
  try {
    const value = run(scope);
    if (value === NO_VALUE) throw noMatch("#finalize", null);
    return finalize(value, budget);
  } catch (error) {
    // V8 reports an exhausted stack, and texts or arrays that it cannot make, as RangeErrors.
    if (!(error instanceof RangeError)) throw error;
    throw new YaqlLimitError("limit", `The expression is too much for this machine: ${error.message}`);
  }
}

const contexts = new Map<boolean, Context>();
/** The library never changes, so one context serves all expressions that bring none of their own. */
function defaultContext(delegates: boolean): Context {
  let context = contexts.get(delegates);
  if (context === undefined) contexts.set(delegates, (context = standardContext({ delegates })));
  return context;
}

/**
 * A context of one's own, to put variables and functions in: within another, or within the standard library.
 *
 * ```ts
 * const context = createContext();
 * context.set("limit", 3);
 * registerFunction(context, "ctx(key: string? = null)", (_context, key) => variables[key]);
 * ```
 */
export function createContext(parent?: Context, options: { readonly delegates?: boolean } = {}): Context {
  return new Context(parent ?? defaultContext(options.delegates === true));
}

export interface CompilerOptions extends CompileOptions {
  /** Expressions kept. Those not used for longest go first. @default 2_000 */
  readonly cacheSize?: number;
}

/** Texts longer than this are compiled each time, so that a cache of them cannot fill the memory. */
const MAX_CACHED_TEXT = 10_000;

/** `compile` with options of its own and a memory: a text that was compiled lately is not compiled again. */
export function createCompiler(options: CompilerOptions = {}): (text: string) => CompiledExpression {
  const { cacheSize = 2_000 } = options;
  const cache = new Map<string, CompiledExpression>();
  return (text) => {
    const known = cache.get(text);
    if (known !== undefined) {
      // Maps go by order of insertion: the first is the one not used for longest.
      cache.delete(text);
      cache.set(text, known);
      return known;
    }
    const expression = compile(text, options);
    if (text.length > MAX_CACHED_TEXT) return expression;
    if (cache.size >= cacheSize) cache.delete(cache.keys().next().value ?? "");
    cache.set(text, expression);
    return expression;
  };
}

/** Compiles and evaluates, for expressions that are used once. */
export function evaluate(text: string, data?: unknown, options?: CompileOptions): unknown {
  return compile(text, options).evaluate(data);
}

function namesOf(expression: Expression): Names {
  const [variables, functions, methods] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const called = new Set<Argument>();
  for (const node of walk(expression)) {
    if (node.kind === "variable") variables.add(node.name);
    else if (node.kind === "call") (called.has(node) ? methods : functions).add(node.name);
    else if (node.kind === "binary" && (node.operator === "." || node.operator === "?.")) called.add(node.right);
  }
  return { variables: [...variables], functions: [...functions], methods: [...methods] };
}
