import { MUTATING } from "./attributes.ts";
import { compileExpression } from "./compile-expression.ts";
import { Blocks, compileBlocks, compileBody } from "./compile-statement.ts";
import { JinjaError, LimitError } from "./errors.ts";
import type { Filter, Test } from "./filter.ts";
import { sequenceFilters } from "./filters-sequence.ts";
import { htmlFilters } from "./filters-html.ts";
import { numberFilters } from "./filters-number.ts";
import { textFilters } from "./filters-text.ts";
import { builtInGlobals } from "./globals.ts";
import { positionAt } from "./lexer.ts";
import { boundNames, undeclaredNames } from "./names.ts";
import { toNative } from "./native.ts";
import { parseExpression, parseTemplate } from "./parser.ts";
import { tests as builtInTests } from "./predicates.ts";
import { DEFAULT_LIMITS, Runtime } from "./runtime.ts";
import type { Limits, Setup } from "./runtime.ts";
import { Undefined } from "./values.ts";

export interface EnvironmentOptions {
  /** Whether any use of an undefined value fails; otherwise it prints as nothing and only operations on it fail. @default true */
  readonly strict?: boolean;
  /** Drop the newline after a block tag. @default false */
  readonly trimBlocks?: boolean;
  /** Drop the spaces before a block tag at the start of a line. @default false */
  readonly lstripBlocks?: boolean;
  /** Filters and tests beside (or instead of) the built-in ones. */
  readonly filters?: Readonly<Record<string, Filter>>;
  readonly tests?: Readonly<Record<string, Test>>;
  /** Names every template sees unless its context has them too. */
  readonly globals?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<Limits>;
  /** Source of randomness for `random` and `lipsum`. @default Math.random */
  readonly random?: () => number;
}

/** Names to values; only own properties are seen. See values.ts for what values may be. */
export type TemplateContext = Readonly<Record<string, unknown>>;

export interface Template {
  /** @throws JinjaError */
  render(context?: TemplateContext): string;
  /** Names the template takes from its context; names of globals are left out. */
  readonly names: ReadonlySet<string>;
  /** When the template is a single `{{ expression }}` and nothing else: its value as plain JavaScript. @throws JinjaError */
  readonly expression: ((context?: TemplateContext) => unknown) | undefined;
}

export interface CompiledExpression {
  /** The value as plain JavaScript; `undefined` when it is undefined. @throws JinjaError */
  evaluate(context?: TemplateContext): unknown;
  readonly names: ReadonlySet<string>;
}

export interface Environment {
  /** @throws JinjaSyntaxError, LimitError */
  compile(source: string): Template;
  /** An expression without delimiters, such as `a + 1`. @throws JinjaSyntaxError, LimitError */
  compileExpression(source: string): CompiledExpression;
  /** Checks the syntax alone: unknown filters and tests are not noticed. @throws JinjaSyntaxError, LimitError */
  check(source: string): void;
}

/** An environment holds what templates share: filters, tests, globals, options and limits. */
export function createEnvironment(options: EnvironmentOptions = {}): Environment {
  const random = options.random ?? Math.random;
  const setup: Setup = {
    strict: options.strict ?? true,
    filters: new Map([...builtInFilters(), ...Object.entries(options.filters ?? {})]),
    tests: new Map([...builtInTests, ...Object.entries(options.tests ?? {})]),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    random,
  };
  const globals = new Map<string, unknown>([...builtInGlobals(random), ...Object.entries(options.globals ?? {})]);
  const lexer = { trimBlocks: options.trimBlocks ?? false, lstripBlocks: options.lstripBlocks ?? false };

  const withoutGlobals = (names: Set<string>): Set<string> => {
    for (const name of names) if (globals.has(name)) names.delete(name);
    return names;
  };

  return {
    check: (source) => {
      guard(source, undefined, () => parseTemplate(source, lexer));
    },
    compile: (source) =>
      guard(source, undefined, () => {
        const { text, body, words } = parseTemplate(source, lexer);
        const around = { setup, text, bound: boundNames(body), soft: false };
        const run = compileBody(body, around);
        const mutates = callsMutator(words.methods);
        const blocks = words.names.has("self") ? compileBlocks(body, around) : undefined;
        const [only] = body;
        const value = body.length === 1 && only?.kind === "print" ? compileExpression(only.value, around) : undefined;
        return {
          names: withoutGlobals(undeclaredNames(body)),
          expression:
            value === undefined
              ? undefined
              : (context = {}) => {
                  const rt = new Runtime(setup, context, globals, mutates);
                  return guard(text, rt, () => {
                    const result = value(rt, rt.root);
                    if (result instanceof Undefined && (setup.strict || result.unsafe)) throw result.error();
                    return toNative(rt, result);
                  });
                },
          render: (context = {}) => {
            const rt = new Runtime(setup, context, globals, mutates);
            return guard(text, rt, () => {
              if (blocks !== undefined) rt.root.set("self", new Blocks(rt, blocks));
              run(rt, rt.root);
              return rt.out;
            });
          },
        };
      }),
    compileExpression: (source) =>
      guard(source, undefined, () => {
        const { text, expression, words } = parseExpression(source);
        const evaluate = compileExpression(expression, { setup, text, bound: new Set(), soft: false });
        const mutates = callsMutator(words.methods);
        return {
          names: withoutGlobals(undeclaredNames([{ kind: "print", at: 0, value: expression }])),
          evaluate: (context = {}) => {
            const rt = new Runtime(setup, context, globals, mutates);
            return guard(text, rt, () => {
              const value = evaluate(rt, rt.root);
              return value instanceof Undefined && !value.unsafe ? undefined : toNative(rt, value);
            });
          },
        };
      }),
  };
}

function builtInFilters(): Map<string, Filter> {
  const all = new Map([...sequenceFilters, ...textFilters, ...numberFilters, ...htmlFilters]);
  for (const [alias, name] of [
    ["e", "escape"],
    ["d", "default"],
  ] as const) {
    all.set(alias, all.get(name) as Filter);
  }
  return all;
}

function callsMutator(words: ReadonlySet<string>): boolean {
  for (const word of words) if (MUTATING.has(word)) return true;
  return false;
}

/** Gives errors their place; a stack that ran out is a limit too. */
function guard<T>(text: string, rt: Runtime | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof JinjaError) {
      if (rt !== undefined) error.locate(positionAt(text, rt.at));
      throw error;
    }
    if (error instanceof RangeError) {
      throw new LimitError(
        `the template is nested too deeply or makes too large a value: ${error.message}`,
        rt === undefined ? undefined : positionAt(text, rt.at),
      );
    }
    throw error;
  }
}
