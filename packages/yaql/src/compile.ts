/** Turns the tree into closures: one per node, each giving its value in a context. */
import type { Argument, Binary, Expression, Pair } from "./ast.ts";
import { type Candidates, Context, type FunctionLayer } from "./context.ts";
import {
  applyPlan,
  type ArgumentForm,
  callFunction,
  makePlan,
  noMatch,
  type PairForm,
  type Plan,
  runPlan,
  unknown,
} from "./dispatch.ts";
import { type AnyDict, dictGet, isDict, Dict } from "./containers.ts";
import { isTruthy } from "./equality.ts";
import { isIterable, iterate } from "./iteration.ts";
import { repr } from "./text.ts";
import { END, Iter } from "./values.ts";
import { YaqlKeyError } from "./errors.ts";
import type { Evaluate } from "./lambda.ts";
import { FAST_BINARY, MISS } from "./fast-operators.ts";
import { EvaluatedPair } from "./parameter-types.ts";

export function compileExpression(node: Expression): Evaluate {
  switch (node.kind) {
    case "constant": {
      const { value } = node;
      return () => value;
    }
    case "variable": {
      const { name } = node;
      return (context) => context.get(name);
    }
    case "parenthesis":
      return compileExpression(node.inner);
    case "call":
      return compileCall(node.name, node.args.map(argumentForm));
    case "unary":
      return compileCall(`#unary_operator_${node.operator}`, [argumentForm(node.operand)]);
    case "index":
      return compileIndex(compileExpression(node.target), [node.target, ...node.args]);
    case "list":
      return compileList(node.args);
    case "map":
      return compileMap(node.args);
    case "invoke":
      return compileCall("#call", [node.target, ...node.args].map(argumentForm));
    case "binary":
      return compileBinary(node);
  }
}

function argumentForm(node: Argument): ArgumentForm {
  switch (node.kind) {
    case "skipped":
      return { form: "skipped" };
    case "pair":
      return pairForm(node);
    case "constant":
      return { form: "constant", value: node.value, keyword: node.keyword, evaluate: compileExpression(node) };
    default:
      return { form: "expression", evaluate: compileExpression(node) };
  }
}

function pairForm(node: Pair): PairForm {
  const key = compileExpression(node.key);
  const value = compileExpression(node.value);
  return {
    form: "pair",
    key,
    value,
    evaluate: (context) => new EvaluatedPair(key(context), value(context)),
    valueForm: argumentForm(node.value),
    ...(node.key.kind === "constant" && node.key.keyword && { keyword: String(node.key.value) }),
  };
}

const NOTHING_GIVEN: readonly unknown[] = [];
const NO_NAMES: ReadonlyMap<string, ArgumentForm> = new Map();

function compileCall(name: string, forms: readonly ArgumentForm[]): Evaluate {
  const planFor = planner(name, "function", forms);
  return (context) => runPlan(planFor(context, null), context, name, NOTHING_GIVEN, false);
}

/** The plan of one call in the text, kept as long as the name means the same. */
function planner(
  name: string,
  kind: "function" | "method",
  forms: readonly ArgumentForm[],
): (context: Context, receiver: { value: unknown } | null) => Plan {
  let layer: FunctionLayer | undefined;
  let stamp = -1;
  let candidates: Candidates | undefined;
  let plan: Plan | undefined;
  return (context, receiver) => {
    const { functions } = context;
    if (plan !== undefined && functions === layer && functions.stamp === stamp) return plan;
    const found = functions.find(name, kind);
    if (plan === undefined || found !== candidates) {
      if (found.levels.length === 0) throw unknown(name, receiver);
      plan = makePlan(found, { positional: forms, named: NO_NAMES }, name, receiver);
      candidates = found;
    }
    layer = functions;
    ({ stamp } = found);
    return plan;
  };
}

const OPERATOR_NAMES: Readonly<Record<string, string>> = { "=": "*equal", "!=": "*not_equal" };

function compileBinary(node: Binary): Evaluate {
  const { operator } = node;
  if (operator === "." || operator === "?.") return compileMember(node);
  const left = compileExpression(node.left);
  const right = compileExpression(node.right);
  const name = OPERATOR_NAMES[operator] ?? `#operator_${operator}`;
  const planFor = planner(name, "function", [argumentForm(node.left), argumentForm(node.right)]);
  if (operator === "->") {
    return (context) => {
      const target = left(context);
      if (!(target instanceof Context)) throw noMatch(name, null);
      return right(target);
    };
  }
  if (operator === "and" || operator === "or") {
    const stopsAt = operator === "or";
    return (context) => {
      const plan = planFor(context, null);
      if (!plan.isStandard) return runPlan(plan, context, name, NOTHING_GIVEN, false);
      const value = left(context);
      return isTruthy(value) === stopsAt ? value : right(context);
    };
  }
  const fast = FAST_BINARY[operator];
  return (context) => {
    const plan = planFor(context, null);
    if (fast === undefined || !plan.isStandard) return runPlan(plan, context, name, NOTHING_GIVEN, false);
    const a = left(context);
    const b = right(context);
    const result = fast(a, b);
    return result === MISS ? applyPlan(plan, context, name, [a, b], false) : result;
  };
}

function compileList(args: readonly Argument[]): Evaluate {
  const forms = args.map(argumentForm);
  const general = compileCall("#list", forms);
  if (args.some((arg) => arg.kind === "pair" || arg.kind === "skipped")) return general;
  const items = forms.map((form) => (form as { evaluate: Evaluate }).evaluate); // neither pairs nor skipped ones are here
  return (context) => {
    context.run.allocateItems(items.length);
    return items.map((item) => item(context));
  };
}

function compileMap(args: readonly Argument[]): Evaluate {
  const planFor = planner("#map", "function", args.map(argumentForm));
  const pairs = args.flatMap((arg) =>
    arg.kind === "pair" ? [{ key: compileExpression(arg.key), value: compileExpression(arg.value) }] : [],
  );
  return (context) => {
    const plan = planFor(context, null);
    if (!plan.isStandard || pairs.length < args.length) return runPlan(plan, context, "#map", NOTHING_GIVEN, false);
    const { run } = context;
    const dict = new Dict();
    for (const { key, value } of pairs) {
      run.allocate(64);
      // The key first, as in the order of the text.
      const name = key(context);
      dict.set(name, value(context), run);
    }
    return dict;
  };
}

function compileIndex(target: Evaluate, nodes: readonly Argument[]): Evaluate {
  const forms = nodes.map(argumentForm);
  const name = "#indexer";
  const planFor = planner(name, "function", forms);
  const general: Evaluate = (context) => runPlan(planFor(context, null), context, name, NOTHING_GIVEN, false);
  const [, key] = forms;
  if (forms.length !== 2 || key === undefined || (key.form !== "constant" && key.form !== "expression")) return general;
  const evaluateKey = key.evaluate;
  return (context) => {
    const plan = planFor(context, null);
    if (!plan.isStandard) return general(context);
    const value = target(context);
    const index = evaluateKey(context);
    return isDict(value) ? member(value, index, context) : applyPlan(plan, context, name, [value, index], false);
  };
}

/** `receiver.method(args)` and `receiver.name`. Nothing else may follow a dot, whatever the receiver is. */
function compileMember(node: Binary): Evaluate {
  const { right } = node;
  const receiver = compileExpression(node.left);
  const access = compileAccess(right);
  if (node.operator === "?.") {
    return (context) => {
      const value = receiver(context);
      if (value === null) return null;
      if (access === undefined) throw noMatch("#operator_.", null);
      return access(context, value);
    };
  }
  if (access === undefined) {
    return () => {
      throw noMatch("#operator_.", null);
    };
  }
  return (context) => access(context, receiver(context));
}

function compileAccess(right: Expression): ((context: Context, value: unknown) => unknown) | undefined {
  if (right.kind === "call") {
    const { name } = right;
    const planFor = planner(name, "method", [{ form: "value" }, ...right.args.map(argumentForm)]);
    return (context, value) => runPlan(planFor(context, { value }), context, name, [value], true);
  }
  if (right.kind !== "constant" || !right.keyword) return undefined;
  const name = String(right.value);
  return (context, value) => property(value, name, context);
}

function property(value: unknown, name: string, context: Context): unknown {
  if (isDict(value)) return member(value, name, context);
  if (isIterable(value)) {
    const pull = iterate(value, context.run);
    return new Iter(() => {
      const item = pull();
      return item === END ? END : property(item, name, context);
    }, "map");
  }
  return callFunction(context, `#property#${name}`, [value]);
}

export function member(dict: AnyDict, key: unknown, context: Context): unknown {
  const value = dictGet(dict, key, context.run);
  if (value === undefined) throw new YaqlKeyError(key, repr(key));
  return value;
}
