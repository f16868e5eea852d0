/** Variables, local functions, calling by name. */
import { callFunction, callMethod } from "../dispatch.ts";
import type { Context } from "../context.ts";
import { YaqlError, typeError, valueError } from "../errors.ts";
import { Lambda } from "../lambda.ts";
import { defineFunction, type FunctionDefinition } from "../signature.ts";
import { type AnyDict, dictEntries } from "../containers.ts";
import { isTruthy } from "../equality.ts";
import { iterate } from "../iteration.ts";
import { typeName } from "../type-name.ts";
import { END, Iter, Memorized } from "../values.ts";
import { fn, method } from "./define.ts";

function bind(context: Context, values: readonly unknown[], named?: ReadonlyMap<string, unknown>): Context {
  const child = context.child();
  for (const [i, value] of values.entries()) child.set(String(i + 1), value);
  if (named) for (const [name, value] of named) child.set(name, value);
  return child;
}

function unpack(context: Context, sequence: unknown, names: readonly string[]): Context {
  const pull = iterate(sequence, context.run);
  const values: unknown[] = [];
  const wanted = names.length === 0 ? Infinity : names.length + 1;
  while (values.length < wanted) {
    const value = pull();
    if (value === END) break;
    values.push(value);
  }
  if (names.length === 0) return bind(context, values);
  if (values.length !== names.length) {
    throw valueError(`Cannot unpack ${values.length} elements into ${names.length}`);
  }
  return bind(context, [], new Map(names.map((name, i) => [name, values[i]])));
}

function defineLocal(context: Context, name: string, body: Lambda): Context {
  const child = context.child();
  // The body sees itself, so it can call itself.
  const local = new Lambda(child, body.evaluate);
  const definition = defineFunction("local(*args: any, **named: any)", (_context, args, named) =>
    local.call(args, named),
  );
  child.register({ ...definition, name });
  return child;
}

function callByName(
  context: Context,
  name: string,
  args: readonly unknown[],
  named: AnyDict,
  receiver: unknown,
): unknown {
  const keywords = new Map<string, unknown>();
  for (const [key, value] of dictEntries(named)) {
    if (typeof key !== "string") throw typeError(`expected string or bytes-like object, got '${typeName(key)}'`);
    keywords.set(key, value);
  }
  if (receiver === undefined) return callFunction(context, name, args, keywords);
  return callMethod(context, name, [receiver, ...args], keywords);
}

export const SYSTEM: readonly FunctionDefinition[] = [
  fn("let(*values: any, **named: any)", (context, values, named) => bind(context, values, named)),
  fn("with(*values: any)", (context, values) => bind(context, values)),
  method("unpack(sequence: iterable, *names: string)", unpack),
  fn("def(name: string, func: lambda)", defineLocal),
  fn("#operator_->(left: context, right: lambda)", (_context, left: Context, right: Lambda) => right.evaluate(left)),
  method(
    'assert(obj: any, condition: lambda, message: string = "Assertion failed")',
    (context, obj, condition: Lambda, message: string) => {
      const value = obj instanceof Iter ? new Memorized(iterate(obj, context.run)) : obj;
      if (isTruthy(condition.call1(value))) return value;
      throw new YaqlError("assertion", message);
    },
  ),
  fn("call(name: string, args: sequence, kwargs: map, receiver: any = omitted)", callByName),
];

/** Functions as values, with the option `delegates`. */
export const DELEGATES: readonly FunctionDefinition[] = [
  fn("lambda(func: lambda)", (_context, func) => func),
  fn("#call(callable: callable, *args: any, **kwargs: any)", (_context, callable, args, kwargs) =>
    callable instanceof Lambda ? callable.call(args, kwargs) : callable(...args),
  ),
];
