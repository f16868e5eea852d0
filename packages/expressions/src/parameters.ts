import { JinjaError } from "@squall/jinja";
import type { Template } from "@squall/jinja";
import { Invalid } from "@squall/model";
import type { Context } from "./context.ts";
import { asInvalid, compiled, isTemplate } from "./template.ts";

const MAX_DEPTH = 200;
/** A text that is this and nothing else inside a list or object takes the variable's value, with its type. */
const WHOLE = /^\{\{([\w-]+)\}\}$/;

type Render = (scope: Context) => unknown;

/** A parameter that has to be rendered: what it needs, and how. */
interface Node {
  readonly names: ReadonlySet<string>;
  readonly render: Render;
}

/**
 * Renders the parameters of an action (stackstorm-model 4.3, steps 1 and 2). Texts, and the texts inside lists and objects,
 * may refer to the context and to other parameters, in any order. A text that is not valid Jinja stays as it is. When
 * nothing has to be rendered, `values` itself is returned.
 *
 * Unlike StackStorm, which renders a list or object as one JSON text, each text inside is rendered on its own, so that
 * quotes in a value neither break the structure nor add to it.
 * @throws Invalid `parameters.cyclic`, `parameters.unsatisfied`, or an expression's code with a message that names the parameter
 */
export function renderParameters(values: Record<string, unknown>, context: Context): Record<string, unknown> {
  let nodes: Map<string, Node> | undefined;
  for (const name of Object.keys(values)) {
    if (!holdsTemplate(values[name], 0)) continue;
    const node = prepare(values[name]);
    if (node !== undefined) (nodes ??= new Map<string, Node>()).set(name, node);
  }
  return nodes === undefined ? values : resolve(values, nodes, context);
}

function holdsTemplate(value: unknown, depth: number): boolean {
  if (typeof value === "string") return isTemplate(value);
  if (typeof value !== "object" || value === null) return false;
  if (depth > MAX_DEPTH) {
    throw new Invalid("parameters.depth", { message: `a parameter is nested more than ${MAX_DEPTH} levels deep` });
  }
  if (Array.isArray(value)) return value.some((item) => holdsTemplate(item, depth + 1));
  for (const key of Object.keys(value)) {
    if (isTemplate(key) || holdsTemplate((value as Record<string, unknown>)[key], depth + 1)) return true;
  }
  return false;
}

/** `undefined` when nothing in the value is valid Jinja. */
function prepare(value: unknown): Node | undefined {
  if (typeof value === "string") {
    const template = compiled(value);
    return template instanceof JinjaError
      ? undefined
      : { names: template.names, render: (scope) => template.render(scope) };
  }
  const names = new Set<string>();
  let rendered = false;
  const text = (source: string): Render | undefined => {
    const template: Template | JinjaError | undefined = isTemplate(source) ? compiled(source) : undefined;
    if (template === undefined || template instanceof JinjaError) return undefined;
    rendered = true;
    for (const name of template.names) names.add(name);
    return WHOLE.test(source) && template.expression !== undefined
      ? template.expression
      : (scope) => template.render(scope);
  };
  const walk = (inner: unknown): Render => {
    if (typeof inner === "string") return text(inner) ?? (() => inner);
    if (typeof inner !== "object" || inner === null) return () => inner;
    if (Array.isArray(inner)) {
      const items = inner.map(walk);
      return (scope) => items.map((item) => item(scope));
    }
    const entries = Object.entries(inner).map(([key, item]) => [key, text(key), walk(item)] as const);
    return (scope) =>
      Object.fromEntries(
        entries.map(([key, renderKey, item]) => [
          renderKey === undefined ? key : String(renderKey(scope)),
          item(scope),
        ]),
      );
  };
  const render = walk(value);
  return rendered ? { names, render } : undefined;
}

function resolve(
  values: Record<string, unknown>,
  nodes: ReadonlyMap<string, Node>,
  context: Context,
): Record<string, unknown> {
  for (const node of nodes.values()) {
    for (const name of node.names) {
      if (Object.hasOwn(values, name) || Object.hasOwn(context, name)) continue;
      throw new Invalid("parameters.unsatisfied", {
        message: `Dependency unsatisfied in variable "${name}"`,
        fields: { variable: name },
      });
    }
  }
  const order = sorted(nodes);
  // Copies the symbol of `decrypt_kv`, too.
  const scope: Record<string, unknown> = { ...context };
  for (const name of Object.keys(values)) if (!nodes.has(name)) define(scope, name, values[name]);
  for (const name of order) {
    const node = nodes.get(name) as Node;
    try {
      define(scope, name, node.render(scope));
    } catch (error) {
      throw asInvalid(error, `Failed to render parameter "${name}": `);
    }
  }
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(values)) define(out, name, scope[name]);
  return out;
}

/** Sets an own property, whatever its name. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  } else object[name] = value;
}

/** The names in an order in which each comes after those it refers to. */
function sorted(nodes: ReadonlyMap<string, Node>): string[] {
  const order: string[] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (name: string): void => {
    if (state.get(name) === "done") return;
    if (state.get(name) === "open") {
      const cycle = path.slice(path.indexOf(name)).sort();
      throw new Invalid("parameters.cyclic", {
        message: `Cyclic dependency found in the following variables: ${cycle.join(", ")}`,
        fields: { variables: cycle },
      });
    }
    state.set(name, "open");
    path.push(name);
    for (const needed of (nodes.get(name) as Node).names) if (nodes.has(needed)) visit(needed);
    path.pop();
    state.set(name, "done");
    order.push(name);
  };
  for (const name of nodes.keys()) visit(name);
  return order;
}
