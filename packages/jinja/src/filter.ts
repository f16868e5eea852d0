import { typeError } from "./errors.ts";
import { truth } from "./sequence.ts";
import type { Runtime } from "./runtime.ts";
import type { KeywordArguments } from "./values.ts";

/**
 * A filter or test. `parameters` names what may follow the value, so that keyword arguments find their place; an argument
 * that is not given is `undefined`. With `parameters: "raw"` the function sorts positional and keyword arguments out itself.
 */
export type Filter =
  | {
      readonly parameters: readonly string[];
      /** How many of them must be given. */
      readonly required: number;
      readonly run: (rt: Runtime, value: unknown, ...args: unknown[]) => unknown;
    }
  | {
      readonly parameters: "raw";
      readonly run: (rt: Runtime, value: unknown, args: unknown[], keywords: KeywordArguments) => unknown;
    };

/** A test is a filter whose result is a boolean. */
export type Test = Filter;

/** `signature`: parameter names separated by spaces; a `?` at the end of a name makes it optional. */
export function filter(signature: string, run: (rt: Runtime, value: unknown, ...args: unknown[]) => unknown): Filter {
  const names = signature.split(" ").filter(Boolean);
  return {
    parameters: names.map((name) => name.replace("?", "")),
    required: names.filter((name) => !name.endsWith("?")).length,
    run,
  };
}

export function rawFilter(
  run: (rt: Runtime, value: unknown, args: unknown[], keywords: KeywordArguments) => unknown,
): Filter {
  return { parameters: "raw", run };
}

/** Puts keyword arguments in their place. @throws JinjaRuntimeError (TypeError) for wrong numbers and unknown names */
export function bind(
  name: string,
  parameters: readonly string[],
  required: number,
  args: readonly unknown[],
  keywords: KeywordArguments,
): unknown[] {
  if (args.length > parameters.length) {
    throw typeError(`${name}() takes at most ${parameters.length} arguments (${args.length} given)`);
  }
  const bound = [...args];
  for (const [keyword, value] of keywords) {
    const at = parameters.indexOf(keyword);
    if (at < 0) throw typeError(`${name}() got an unexpected keyword argument '${keyword}'`);
    if (at < args.length) throw typeError(`${name}() got multiple values for argument '${keyword}'`);
    bound[at] = value;
  }
  for (let i = 0; i < required; i++) {
    if (bound[i] === undefined) throw typeError(`${name}() missing 1 required positional argument: '${parameters[i]}'`);
  }
  return bound;
}

export function applyFilter(
  rt: Runtime,
  name: string,
  target: Filter,
  value: unknown,
  args: unknown[],
  keywords: KeywordArguments,
): unknown {
  // Long texts take their time in any filter.
  if (typeof value === "string") rt.spend(value.length >> 6);
  if (target.parameters === "raw") return target.run(rt, value, args, keywords);
  return target.run(rt, value, ...bind(name, target.parameters, target.required, args, keywords));
}

/** An argument that says yes or no. */
export const flag = (rt: Runtime, value: unknown, otherwise = false): boolean =>
  value === undefined ? otherwise : truth(rt, value);
