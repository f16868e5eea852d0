import { type Definition, isEngineCommand, type Retry, type TaskDefinition } from "./definition.ts";

/** One way from a task to another task or a command. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  /** `TO__tKEY`: how the source's state names it. */
  readonly id: string;
  /** `FROM__tKEY`: how routes and the target name it. */
  readonly back: string;
  /** Index of the transition in the source's `next`. */
  readonly transition: number;
  readonly when: string | undefined;
}

export interface Node {
  readonly name: string;
  /** Its place in tables. */
  readonly number: number;
  /** Undefined for commands. */
  readonly task: TaskDefinition | undefined;
  /** In the order of their targets' names, equal ones as written. */
  readonly out: readonly Edge[];
  /** Names of the tasks that lead here, each once. */
  readonly sources: readonly string[];
  /** How many of the sources must have come; undefined where none need to. */
  readonly needed: number | undefined;
  readonly retry: Retry | undefined;
  /** Whether each way that leads here makes a run of its own. */
  readonly splits: boolean;
}

/** What can be reached from the start tasks. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly byNumber: readonly Node[];
  readonly starts: readonly string[];
}

export const compareNames = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Names of the tasks that no transition leads to. */
export function startTasks(definition: Definition): string[] {
  const led = new Set<string>();
  for (const task of definition.tasks.values()) {
    for (const { targets } of task.next) for (const target of targets) led.add(target);
  }
  return [...definition.tasks.keys()].filter((name) => !led.has(name)).sort(compareNames);
}

export function buildGraph(definition: Definition): Graph {
  const starts = startTasks(definition);
  const order: string[] = [];
  const outgoing = new Map<string, Edge[]>();
  const retries = new Map<string, Retry>();
  const queue = [...starts];
  const seen = new Set(queue);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    order.push(name);
    const task = definition.tasks.get(name);
    const edges: Edge[] = [];
    outgoing.set(name, edges);
    if (task === undefined) continue;
    if (task.retry !== undefined) retries.set(name, task.retry);
    for (const { target, transition } of sortedTargets(task)) {
      const when = task.next[transition]?.when;
      if (target === "retry") {
        retries.set(name, { when: when ?? "<% completed() %>", count: 3, delay: null });
        continue;
      }
      if (!definition.tasks.has(target) && !isEngineCommand(target)) continue;
      const parallel = edges.filter((edge) => edge.to === target);
      if (parallel.some((edge) => edge.transition === transition)) continue;
      const key = parallel.length;
      edges.push({ from: name, to: target, id: `${target}__t${key}`, back: `${name}__t${key}`, transition, when });
      if (!seen.has(target)) {
        seen.add(target);
        queue.push(target);
      }
    }
  }
  const inbound = new Map<string, Edge[]>(order.map((name) => [name, []]));
  for (const edges of outgoing.values()) for (const edge of edges) inbound.get(edge.to)?.push(edge);
  const ways = countWays(definition);
  const cyclic = cyclicNames(order, outgoing);
  const byNumber = order.map((name, number): Node => {
    const task = definition.tasks.get(name);
    const arriving = inbound.get(name) ?? [];
    const sources = [...new Set(arriving.map((edge) => edge.from))];
    return {
      name,
      number,
      task,
      out: outgoing.get(name) ?? [],
      sources,
      needed: task?.join === undefined ? undefined : task.join === "all" ? sources.length : Math.max(1, task.join),
      retry: retries.get(name),
      splits: task?.join === undefined && (ways.get(name) ?? 0) > 1 && !cyclic.has(name),
    };
  });
  return { nodes: new Map(byNumber.map((node) => [node.name, node])), byNumber, starts };
}

/** How many transitions lead to each name, those of tasks that cannot be reached included. */
function countWays(definition: Definition): Map<string, number> {
  const ways = new Map<string, number>();
  for (const task of definition.tasks.values()) {
    for (const { targets } of task.next) {
      for (const target of new Set(targets)) ways.set(target, (ways.get(target) ?? 0) + 1);
    }
  }
  return ways;
}

function sortedTargets(task: TaskDefinition): { target: string; transition: number }[] {
  return task.next
    .flatMap(({ targets }, transition) => targets.map((target) => ({ target, transition })))
    .sort((a, b) => compareNames(a.target, b.target));
}

/** The names that can reach themselves: those in a strongly connected component with an edge (Tarjan, without recursion). */
export function cyclicNames(
  names: readonly string[],
  outgoing: ReadonlyMap<string, readonly { readonly to: string }[]>,
): Set<string> {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const cyclic = new Set<string>();
  for (const root of names) {
    if (index.has(root)) continue;
    const open: { name: string; next: number }[] = [];
    const enter = (name: string): void => {
      index.set(name, index.size);
      low.set(name, index.size - 1);
      stack.push(name);
      onStack.add(name);
      open.push({ name, next: 0 });
    };
    enter(root);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const { name } = top;
      const edge = outgoing.get(name)?.[top.next++];
      if (edge !== undefined) {
        if (edge.to === name) cyclic.add(name);
        if (!index.has(edge.to)) enter(edge.to);
        else if (onStack.has(edge.to)) low.set(name, Math.min(low.get(name) ?? 0, index.get(edge.to) ?? 0));
        continue;
      }
      open.pop();
      const parent = open.at(-1)?.name;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) ?? 0, low.get(name) ?? 0));
      if (low.get(name) !== index.get(name)) continue;
      const component: string[] = [];
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        onStack.delete(member);
        component.push(member);
        if (member === name) break;
      }
      if (component.length > 1) for (const member of component) cyclic.add(member);
    }
  }
  return cyclic;
}
