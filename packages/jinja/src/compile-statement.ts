import { CAPTURED } from "./ast.ts";
import type { Body, Parameters, Statement, Target } from "./ast.ts";
import { typeError, valueError } from "./errors.ts";
import { compileArguments, compileExpression } from "./compile-expression.ts";
import type { Surroundings } from "./compile-expression.ts";
import { Loop, notANamespace } from "./loop.ts";
import { makeMacro } from "./macro.ts";
import { isIterable, iterate, truth } from "./sequence.ts";
import { Scope } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";
import { escape, text } from "./text.ts";
import { HostObject, Namespace, Undefined, Callable, typeName } from "./values.ts";
import { call as callValue } from "./compile-expression.ts";

export type Run = (rt: Runtime, scope: Scope) => void;

/** Statement sources of this many characters count as one step of work. */
const CHARACTERS_PER_STEP = 100;
const stepsOf = (length: number): number => 1 + Math.floor(length / CHARACTERS_PER_STEP);

export function compileBody(body: Body, around: Surroundings): Run {
  const runs = body.map((statement) => compileStatement(statement, around));
  const [first, second] = runs;
  if (first === undefined) return () => {};
  if (second === undefined) return first;
  return (rt, scope) => {
    for (const run of runs) run(rt, scope);
  };
}

export function printed(rt: Runtime, value: unknown): string {
  if (rt.autoescape) return escape(rt, value).text;
  return typeof value === "string" ? value : text(rt, value);
}

function compileStatement(node: Statement, around: Surroundings): Run {
  const hard = { ...around, soft: false };
  switch (node.kind) {
    case "data": {
      const data = node.text;
      return (rt) => rt.write(data);
    }
    case "print": {
      const value = compileExpression(node.value, around);
      return (rt, scope) => rt.write(printed(rt, value(rt, scope)));
    }
    case "if": {
      const soft = { ...around, soft: true };
      const branches = node.branches.map(
        ([test, body]) => [compileExpression(test, soft), compileBody(body, soft)] as const,
      );
      const otherwise = compileBody(node.otherwise, soft);
      return (rt, scope) => {
        for (const [test, body] of branches) if (truth(rt, test(rt, scope))) return body(rt, scope);
        otherwise(rt, scope);
      };
    }
    case "for":
      return compileFor(node, hard);
    case "set": {
      const value = compileExpression(node.value, around);
      const assign = compileTarget(node.target);
      return (rt, scope) => assign(rt, scope, value(rt, scope));
    }
    case "capture": {
      const body = compileBody(node.body, hard);
      const assign = compileTarget(node.target);
      const filter = node.filter === undefined ? undefined : compileExpression(node.filter, around);
      return (rt, scope) => {
        const captured = rt.capture(() => body(rt, new Scope(scope)));
        if (filter === undefined) return assign(rt, scope, captured);
        assign(rt, scope, filter(rt, withCaptured(scope, captured)));
      };
    }
    case "filterblock": {
      const body = compileBody(node.body, hard);
      const filter = compileExpression(node.filter, around);
      return (rt, scope) => {
        const captured = rt.capture(() => body(rt, new Scope(scope)));
        rt.write(printed(rt, filter(rt, withCaptured(scope, captured))));
      };
    }
    case "macro": {
      const make = compileMacro(node.name, node.parameters, node.body, node.length, hard);
      const { name } = node;
      return (rt, scope) => scope.set(name, make(rt, scope));
    }
    case "callblock": {
      const { call } = node;
      if (call.kind !== "call") throw new Error("a call block without a call was parsed");
      const target = compileExpression(call.of, around);
      const args = compileArguments(call.args, around);
      const make = compileMacro("caller", node.parameters, node.body, node.length, hard);
      const { at } = node;
      return (rt, scope) => {
        const callee = target(rt, scope);
        const given = args(rt, scope);
        const keywords = new Map(given.keywords).set("caller", make(rt, scope));
        rt.at = at;
        rt.write(printed(rt, callValue(rt, callee, given.args, keywords)));
      };
    }
    case "with": {
      const values = node.values.map((value) => compileExpression(value, around));
      const targets = node.targets.map(compileTarget);
      const body = compileBody(node.body, hard);
      return (rt, scope) => {
        const inner = new Scope(scope);
        const given = values.map((value) => value(rt, scope));
        targets.forEach((assign, i) => assign(rt, inner, given[i]));
        body(rt, inner);
      };
    }
    case "block": {
      const body = compileBody(node.body, hard);
      const { scoped } = node;
      // A block sees the template's own variables, not those of loops around it.
      return (rt, scope) => body(rt, new Scope(scoped ? scope : rt.root));
    }
    case "autoescape": {
      const on = compileExpression(node.on, around);
      const body = compileBody(node.body, hard);
      return (rt, scope) => {
        const before = rt.autoescape;
        rt.autoescape = truth(rt, on(rt, scope));
        try {
          body(rt, new Scope(scope));
        } finally {
          rt.autoescape = before;
        }
      };
    }
    case "load": {
      const { at } = node;
      return (rt) => {
        rt.at = at;
        throw typeError("no loader for this environment specified");
      };
    }
    default:
      return node satisfies never;
  }
}

function withCaptured(scope: Scope, captured: unknown): Scope {
  const inner = new Scope(scope);
  inner.set(CAPTURED, captured);
  return inner;
}

type Assign = (rt: Runtime, scope: Scope, value: unknown) => void;

function compileTarget(target: Target): Assign {
  switch (target.kind) {
    case "name": {
      const { name } = target;
      return (_, scope, value) => scope.set(name, value);
    }
    case "namespace": {
      const { name, attribute, at } = target;
      return (rt, scope, value) => {
        rt.at = at;
        const namespace = scope.get(name) ?? rt.resolve(name);
        if (namespace instanceof Undefined) throw namespace.error();
        if (!(namespace instanceof Namespace)) throw notANamespace();
        namespace.values.set(attribute, value);
      };
    }
    case "targets": {
      const assigns = target.items.map(compileTarget);
      const expected = assigns.length;
      const { at } = target;
      return (rt, scope, value) => {
        rt.at = at;
        if (!isIterable(value) && !(value instanceof Undefined)) {
          throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
        }
        const items = iterate(rt, value);
        if (items.length > expected) throw valueError(`too many values to unpack (expected ${expected})`);
        if (items.length < expected) {
          throw valueError(`not enough values to unpack (expected ${expected}, got ${items.length})`);
        }
        assigns.forEach((assign, i) => assign(rt, scope, items[i]));
      };
    }
    default:
      return target satisfies never;
  }
}

function compileFor(node: Extract<Statement, { kind: "for" }>, around: Surroundings): Run {
  const over = compileExpression(node.over, around);
  const assign = compileTarget(node.target);
  const filter = node.filter === undefined ? undefined : compileExpression(node.filter, around);
  const body = compileBody(node.body, around);
  const otherwise = compileBody(node.otherwise, around);
  const steps = stepsOf(node.length);
  const { at, recursive } = node;

  const run = (rt: Runtime, scope: Scope, value: unknown, depth: number): void => {
    rt.at = at;
    let items = iterate(rt, value);
    if (filter !== undefined) {
      // Here `loop` is still the one of a loop around this.
      items = items.filter((item) => {
        rt.spend(steps);
        const inner = new Scope(scope);
        assign(rt, inner, item);
        return truth(rt, filter(rt, inner));
      });
    }
    const again = recursive
      ? (more: unknown): unknown => {
          rt.enter();
          const out = rt.capture(() => run(rt, scope, more, depth + 1));
          rt.leave();
          return out;
        }
      : undefined;
    const loop = new Loop(items, depth, again);
    // Read afresh each time, because the body may change the list.
    for (let i = 0; i < items.length; i++) {
      rt.spend(steps);
      loop.index0 = i;
      const inner = new Scope(scope);
      inner.set("loop", loop);
      assign(rt, inner, items[i] ?? null);
      body(rt, inner);
    }
    if (items.length === 0) otherwise(rt, new Scope(scope));
  };
  return (rt, scope) => run(rt, scope, over(rt, scope), 0);
}

function compileMacro(
  name: string,
  parameters: Parameters,
  body: Body,
  length: number,
  around: Surroundings,
): (rt: Runtime, scope: Scope) => Callable {
  const defaults = parameters.defaults.map((value) => compileExpression(value, around));
  const run = compileBody(body, around);
  const uses = namesIn(body);
  return makeMacro({ name, names: parameters.names, defaults, run, uses, steps: stepsOf(length) });
}

/** Every name a body reads, whatever it is bound to. */
function namesIn(value: unknown, into = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(value)) for (const item of value) namesIn(item, into);
  else if (typeof value === "object" && value !== null) {
    if ("kind" in value && value.kind === "name" && "name" in value) into.add(value.name as string);
    for (const item of Object.values(value)) if (typeof item === "object") namesIn(item, into);
  }
  return into;
}

/** `self`: the blocks of the template, as functions that give what they print. */
export class Blocks extends HostObject {
  override readonly typeName = "TemplateReference";
  readonly rt: Runtime;
  readonly blocks: ReadonlyMap<string, Run>;
  constructor(rt: Runtime, blocks: ReadonlyMap<string, Run>) {
    super();
    this.rt = rt;
    this.blocks = blocks;
  }
  override read(name: string): unknown {
    const block = this.blocks.get(name);
    if (block === undefined) return undefined;
    const { rt } = this;
    return new Callable(name, () => {
      rt.spend(1);
      rt.enter();
      const out = rt.capture(() => block(rt, new Scope(rt.root)));
      rt.leave();
      return out;
    });
  }
}

/** The blocks of a template, wherever they stand. */
export function compileBlocks(body: Body, around: Surroundings, into = new Map<string, Run>()): Map<string, Run> {
  for (const statement of body) {
    if (statement.kind === "block") into.set(statement.name, compileBody(statement.body, around));
    if ("body" in statement) compileBlocks(statement.body, around, into);
    if ("otherwise" in statement) compileBlocks(statement.otherwise, around, into);
    if (statement.kind === "if") for (const [, branch] of statement.branches) compileBlocks(branch, around, into);
  }
  return into;
}
