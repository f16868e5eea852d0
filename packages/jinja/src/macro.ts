import { typeError } from "./errors.ts";
import type { Evaluate } from "./compile-expression.ts";
import type { Run } from "./compile-statement.ts";
import { Scope } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";
import { Callable, tupleOf } from "./values.ts";
import type { KeywordArguments } from "./values.ts";

export interface MacroSource {
  readonly name: string;
  readonly names: readonly string[];
  readonly defaults: readonly Evaluate[];
  readonly run: Run;
  /** Names its body reads: only those that read `varargs`, `kwargs` or `caller` accept what these hold. */
  readonly uses: ReadonlySet<string>;
  readonly steps: number;
}

/** A macro is a function that gives what its body prints. */
export function makeMacro(source: MacroSource): (rt: Runtime, scope: Scope) => Callable {
  const { name, names, uses } = source;
  const declaresCaller = names.includes("caller");
  const attributes = {
    name,
    arguments: tupleOf(names),
    catch_kwargs: uses.has("kwargs"),
    catch_varargs: uses.has("varargs"),
    caller: uses.has("caller"),
  };
  return (rt, outer) =>
    new Callable(
      name,
      (args, keywords) => {
        rt.spend(source.steps);
        rt.enter();
        const scope = new Scope(outer);
        const rest = new Map(keywords);
        names.forEach((parameter, i) => {
          scope.set(parameter, argument(rt, scope, parameter, i, args, rest));
        });
        bindExtras(rt, scope, args, rest);
        const out = rt.capture(() => source.run(rt, scope));
        rt.leave();
        return out;
      },
      attributes,
    );

  function argument(
    rt: Runtime,
    scope: Scope,
    parameter: string,
    i: number,
    args: readonly unknown[],
    rest: Map<string, unknown>,
  ): unknown {
    if (i < args.length) {
      if (rest.has(parameter)) throw typeError(`macro '${name}' got multiple values for argument '${parameter}'`);
      return args[i];
    }
    if (rest.has(parameter)) {
      const value = rest.get(parameter);
      rest.delete(parameter);
      return value;
    }
    const fallback = source.defaults[i - (names.length - source.defaults.length)];
    return fallback === undefined ? rt.undefined(`parameter '${parameter}' was not provided`) : fallback(rt, scope);
  }

  function bindExtras(rt: Runtime, scope: Scope, args: readonly unknown[], rest: Map<string, unknown>): void {
    if (uses.has("caller") && !declaresCaller) {
      scope.set("caller", rest.get("caller") ?? rt.undefined("No caller defined"));
      rest.delete("caller");
    }
    if (uses.has("kwargs")) scope.set("kwargs", new Map<unknown, unknown>(rest));
    else refuseKeywords(rest);
    if (uses.has("varargs")) scope.set("varargs", tupleOf(args.slice(names.length)));
    else if (args.length > names.length) {
      throw typeError(`macro '${name}' takes not more than ${names.length} argument(s)`);
    }
  }

  function refuseKeywords(rest: KeywordArguments): void {
    for (const keyword of rest.keys()) {
      if (keyword === "caller") {
        throw typeError(
          `macro '${name}' was invoked with two values for the special caller argument or does not use it.`,
        );
      }
      throw typeError(`macro '${name}' takes no keyword argument '${keyword}'`);
    }
  }
}
