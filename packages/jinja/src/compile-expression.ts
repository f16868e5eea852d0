import { CAPTURED } from "./ast.ts";
import type { Arguments, Expression } from "./ast.ts";
import { findMethod, getAttribute, getItem, getSlice } from "./attributes.ts";
import { JinjaRuntimeError, JinjaSyntaxError, typeError } from "./errors.ts";
import { applyFilter } from "./filter.ts";
import { positionAt } from "./lexer.ts";
import { binary, concat, unary } from "./arithmetic.ts";
import { compare } from "./comparison.ts";
import { iterate, truth } from "./sequence.ts";
import type { Runtime, Scope, Setup } from "./runtime.ts";
import { text } from "./text.ts";
import { Callable, NO_KEYWORDS, Undefined, dictEntries, dictSet, isDict, tupleOf, typeName } from "./values.ts";
import type { KeywordArguments } from "./values.ts";

export type Evaluate = (rt: Runtime, scope: Scope) => unknown;

/** What compiling knows of its surroundings. */
export interface Surroundings {
  readonly setup: Setup;
  readonly text: string;
  /** Names the template binds somewhere; all others are read from the context directly. */
  readonly bound: ReadonlySet<string>;
  /** Inside a condition an unknown filter or test only fails when it is reached. */
  readonly soft: boolean;
}

export function compileExpression(node: Expression, around: Surroundings): Evaluate {
  const compile = (inner: Expression): Evaluate => compileExpression(inner, around);
  const { at } = node;
  switch (node.kind) {
    case "const": {
      const { value } = node;
      return () => value;
    }
    case "name": {
      const { name } = node;
      if (!around.bound.has(name) && name !== CAPTURED) {
        return (rt) => {
          rt.at = at;
          return rt.resolve(name);
        };
      }
      return (rt, scope) => {
        rt.at = at;
        return scope.get(name) ?? rt.resolve(name);
      };
    }
    case "list":
    case "tuple": {
      const items = node.items.map(compile);
      const isTuple = node.kind === "tuple";
      return (rt, scope) => {
        const values = items.map((item) => item(rt, scope));
        return isTuple ? tupleOf(values) : values;
      };
    }
    case "dict": {
      const items = node.items.map(([key, value]) => [compile(key), compile(value)] as const);
      return (rt, scope) => {
        const dict = new Map<unknown, unknown>();
        for (const [key, value] of items) dictSet(dict, key(rt, scope), value(rt, scope));
        return dict;
      };
    }
    case "attribute": {
      const of = compile(node.of);
      const { name } = node;
      return (rt, scope) => {
        const value = of(rt, scope);
        rt.at = at;
        return getAttribute(rt, value, name);
      };
    }
    case "item": {
      const of = compile(node.of);
      const key = compile(node.key);
      return (rt, scope) => {
        const value = of(rt, scope);
        const index = key(rt, scope);
        rt.at = at;
        return getItem(rt, value, index);
      };
    }
    case "slice": {
      const of = compile(node.of);
      const bounds = node.bounds.map((bound) => (bound === undefined ? undefined : compile(bound)));
      return (rt, scope) => {
        const value = of(rt, scope);
        const values = bounds.map((bound) => bound?.(rt, scope));
        rt.at = at;
        return getSlice(rt, value, values);
      };
    }
    case "call":
      return compileCall(node, around);
    case "filter":
      return compileFilter(node, around, "filter");
    case "test":
      return compileFilter(node, around, "test");
    case "unary": {
      const of = compile(node.of);
      const { operator } = node;
      if (operator === "not") return (rt, scope) => !truth(rt, of(rt, scope));
      return (rt, scope) => {
        const value = of(rt, scope);
        rt.at = at;
        return unary(operator, value);
      };
    }
    case "binary": {
      const left = compile(node.left);
      const right = compile(node.right);
      const { operator } = node;
      return (rt, scope) => {
        const a = left(rt, scope);
        const b = right(rt, scope);
        rt.at = at;
        return binary(rt, operator, a, b);
      };
    }
    case "and":
    case "or": {
      const left = compile(node.left);
      const right = compile(node.right);
      const stopsAt = node.kind === "or";
      return (rt, scope) => {
        const value = left(rt, scope);
        return truth(rt, value) === stopsAt ? value : right(rt, scope);
      };
    }
    case "concat": {
      const parts = node.parts.map(compile);
      return (rt, scope) => {
        const values = parts.map((part) => part(rt, scope));
        rt.at = at;
        return concat(rt, values);
      };
    }
    case "compare":
      return compileComparison(node, around);
    case "choose": {
      const inside = { ...around, soft: true };
      const test = compileExpression(node.test, inside);
      const then = compileExpression(node.then, inside);
      const otherwise = node.otherwise === undefined ? undefined : compileExpression(node.otherwise, inside);
      const { line } = positionAt(around.text, at);
      const hint = `the inline if-expression on line ${line} evaluated to false and no else section was defined.`;
      return (rt, scope) => {
        if (truth(rt, test(rt, scope))) return then(rt, scope);
        // Lenient even where other undefined values are strict: it prints as nothing.
        return otherwise === undefined ? new Undefined(hint, false) : otherwise(rt, scope);
      };
    }
    default:
      return node satisfies never;
  }
}

function compileComparison(node: Extract<Expression, { kind: "compare" }>, around: Surroundings): Evaluate {
  const first = compileExpression(node.first, around);
  const rest = node.rest.map((part) => ({ operator: part.operator, right: compileExpression(part.with, around) }));
  const { at } = node;
  const [only] = rest;
  if (rest.length === 1 && only !== undefined) {
    const { operator, right } = only;
    return (rt, scope) => {
      const a = first(rt, scope);
      const b = right(rt, scope);
      rt.at = at;
      return compare(rt, operator, a, b);
    };
  }
  return (rt, scope) => {
    let left = first(rt, scope);
    for (const { operator, right } of rest) {
      const value = right(rt, scope);
      rt.at = at;
      if (!compare(rt, operator, left, value)) return false;
      left = value;
    }
    return true;
  };
}

export type EvaluateArguments = (rt: Runtime, scope: Scope) => { args: unknown[]; keywords: KeywordArguments };

export function compileArguments(node: Arguments, around: Surroundings): EvaluateArguments {
  const positional = node.positional.map((arg) => compileExpression(arg, around));
  const keywords = node.keywords.map(([name, arg]) => [name, compileExpression(arg, around)] as const);
  const spread = node.spread === undefined ? undefined : compileExpression(node.spread, around);
  const spreadKeywords = node.spreadKeywords === undefined ? undefined : compileExpression(node.spreadKeywords, around);
  if (keywords.length === 0 && spread === undefined && spreadKeywords === undefined) {
    return (rt, scope) => ({ args: positional.map((arg) => arg(rt, scope)), keywords: NO_KEYWORDS });
  }
  return (rt, scope) => {
    const args = positional.map((arg) => arg(rt, scope));
    if (spread !== undefined) args.push(...iterate(rt, spread(rt, scope)).slice());
    const named = new Map<string, unknown>(keywords.map(([name, arg]) => [name, arg(rt, scope)]));
    if (spreadKeywords !== undefined) {
      const more = spreadKeywords(rt, scope);
      if (more instanceof Undefined) throw more.error();
      if (!isDict(more)) throw typeError(`argument after ** must be a mapping, not ${typeName(more)}`);
      for (const [key, value] of dictEntries(more)) {
        const name = text(rt, key);
        if (named.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
        named.set(name, value);
      }
    }
    return { args, keywords: named };
  };
}

export function call(rt: Runtime, target: unknown, args: unknown[], keywords: KeywordArguments): unknown {
  if (target instanceof Undefined) throw target.error();
  if (!(target instanceof Callable)) throw typeError(`'${typeName(target)}' object is not callable`);
  return target.call(args, keywords, rt) ?? null;
}

function compileCall(node: Extract<Expression, { kind: "call" }>, around: Surroundings): Evaluate {
  const { at, of } = node;
  const args = compileArguments(node.args, around);
  if (of.kind === "attribute") {
    // The common `value.method(...)` needs no bound method in between.
    const owner = compileExpression(of.of, around);
    const { name } = of;
    return (rt, scope) => {
      const self = owner(rt, scope);
      rt.at = at;
      const method = findMethod(rt, self, name);
      const target = method === undefined ? getAttribute(rt, self, name) : undefined;
      const given = args(rt, scope);
      rt.at = at;
      return method === undefined
        ? call(rt, target, given.args, given.keywords)
        : method(rt, self, given.args, given.keywords);
    };
  }
  const target = compileExpression(of, around);
  return (rt, scope) => {
    const callee = target(rt, scope);
    const given = args(rt, scope);
    rt.at = at;
    return call(rt, callee, given.args, given.keywords);
  };
}

function compileFilter(
  node: Extract<Expression, { kind: "filter" | "test" }>,
  around: Surroundings,
  what: "filter" | "test",
): Evaluate {
  const { at, name } = node;
  const of = compileExpression(node.of, around);
  const target = (what === "filter" ? around.setup.filters : around.setup.tests).get(name);
  if (target === undefined) {
    if (!around.soft) {
      throw new JinjaSyntaxError(`No ${what} named '${name}'.`, positionAt(around.text, at), "TemplateAssertionError");
    }
    return (rt) => {
      rt.at = at;
      throw new JinjaRuntimeError(`No ${what} named '${name}' found.`);
    };
  }
  const { positional, keywords } = node.args;
  const isSimple = keywords.length === 0 && node.args.spread === undefined && node.args.spreadKeywords === undefined;
  const [only] = positional.map((arg) => compileExpression(arg, around));
  const { parameters } = target;
  if (
    isSimple &&
    parameters !== "raw" &&
    target.required <= positional.length &&
    positional.length <= Math.min(1, parameters.length)
  ) {
    const { run } = target;
    return (rt, scope) => {
      const value = of(rt, scope);
      if (typeof value === "string") rt.spend(value.length >> 6);
      if (only === undefined) {
        rt.at = at;
        return run(rt, value);
      }
      const argument = only(rt, scope);
      rt.at = at;
      return run(rt, value, argument);
    };
  }
  const args = compileArguments(node.args, around);
  return (rt, scope) => {
    const value = of(rt, scope);
    const given = args(rt, scope);
    rt.at = at;
    return applyFilter(rt, name, target, value, given.args, given.keywords);
  };
}
