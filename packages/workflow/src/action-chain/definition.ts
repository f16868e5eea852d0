import { Invalid, isObject } from "@squall/model";

/** One node of a chain: an action, and which node follows. */
export interface ChainNode {
  readonly name: string;
  readonly ref: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly onSuccess: string | undefined;
  readonly onFailure: string | undefined;
  readonly publish: Readonly<Record<string, unknown>>;
  /** Who is told of its end, as in an action's metadata. */
  readonly notify: Readonly<Record<string, unknown>> | undefined;
  /** The texts of its parameters, and of what it publishes: which results they may name. */
  readonly asks: { readonly parameters: string; readonly publish: string };
}

/** An action chain's text, read once (stackstorm-model 17.2). */
export interface Chain {
  readonly nodes: ReadonlyMap<string, ChainNode>;
  readonly start: string;
  readonly vars: Readonly<Record<string, unknown>>;
}

/** Reads what is well-formed enough to run. `inspectChain` tells everything that is wrong. @throws Invalid */
export function readChain(source: unknown): Chain {
  if (!isObject(source) || !Array.isArray(source.chain)) throw malformed("'chain'", "a list of nodes");
  const nodes = new Map<string, ChainNode>();
  for (const [at, one] of source.chain.entries()) {
    const node = readNode(one, at);
    if (nodes.has(node.name)) throw malformed(`node '${node.name}'`, "the only one of its name");
    nodes.set(node.name, node);
  }
  for (const { name, onSuccess, onFailure } of nodes.values()) {
    for (const next of [onSuccess, onFailure]) {
      if (next !== undefined && !nodes.has(next)) throw malformed(`'${next}' after node '${name}'`, "a node");
    }
  }
  const start = startOf(nodes, text(source.default));
  if (start === undefined || !nodes.has(start)) throw malformed("the first node", "a node of the chain");
  return { nodes, start, vars: isObject(source.vars) ? source.vars : {} };
}

/** The default, or the first node that no other leads to, or the first. */
function startOf(nodes: ReadonlyMap<string, ChainNode>, preset: string | undefined): string | undefined {
  if (preset !== undefined) return preset;
  const led = new Set([...nodes.values()].flatMap(({ onSuccess, onFailure }) => [onSuccess, onFailure]));
  const [first] = nodes.keys();
  return [...nodes.keys()].find((name) => !led.has(name)) ?? first;
}

function readNode(source: unknown, at: number): ChainNode {
  if (!isObject(source)) throw malformed(`node ${at + 1}`, "a mapping");
  const { name, ref, publish, notify } = source;
  if (typeof name !== "string" || name === "") throw malformed(`the name of node ${at + 1}`, "a text");
  if (typeof ref !== "string" || ref === "") throw malformed(`the ref of node '${name}'`, "a text");
  const parameters = source.parameters ?? source.params ?? {};
  if (!isObject(parameters)) throw malformed(`the parameters of node '${name}'`, "a mapping");
  const published = isObject(publish) ? publish : {};
  return {
    name,
    ref,
    parameters,
    onSuccess: text(source["on-success"]),
    onFailure: text(source["on-failure"]),
    publish: published,
    notify: isObject(notify) ? notify : undefined,
    asks: { parameters: JSON.stringify(parameters), publish: JSON.stringify(published) },
  };
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const malformed = (what: string, wanted: string): Invalid =>
  new Invalid("workflow.malformed", {
    message: `${what} is not ${wanted}; 'squall workflow inspect' lists everything that is wrong`,
  });

/** Whether a document is meant to be a chain and not an Orquesta workflow. */
export const isChain = (source: unknown): boolean => isObject(source) && "chain" in source && !("tasks" in source);
