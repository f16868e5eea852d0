import { type Execution, formatMicros, isObject, type JsonObject, type Notify, type Snapshot } from "@squall/model";
import type { ChainRun, ChainState } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Compiled } from "./definitions.ts";
import type { Live } from "./live.ts";
import type { Tracker } from "./tracker.ts";

/** StackStorm's name of the runner of action chains. */
export const CHAIN_RUNNER = "action-chain";

export const isChainState = (state: Live["state"]): state is ChainState => state?.language === "action-chain";

/** The fields of a node as StackStorm puts them into the context of its execution, and which run of the chain it is. */
export function nodeContext({ source }: Compiled, name: string, route: number): JsonObject {
  const node = nodesOf(source).find((one) => one.name === name) ?? {};
  return {
    name,
    ref: String(node.ref ?? ""),
    params: node.parameters ?? node.params ?? {},
    publish: node.publish ?? {},
    on_success: node["on-success"] ?? "",
    on_failure: node["on-failure"] ?? "",
    notify: node.notify ?? {},
    route,
  };
}

/** Who is told of a node's end: whom the node names, else whom the chain does; nobody for nodes to be skipped. */
export function nodeNotify({ source }: Compiled, name: string, chain: Execution, skip: unknown): Notify | undefined {
  if (Array.isArray(skip) && skip.includes(name)) return undefined;
  const node = nodesOf(source).find((one) => one.name === name);
  return isObject(node?.notify) && Object.keys(node.notify).length > 0 ? node.notify : chain.notify;
}

function nodesOf(source: Compiled["source"]): Readonly<Record<string, unknown>>[] {
  return Array.isArray(source.chain) ? source.chain.filter(isObject) : [];
}

/** Rows of one read. */
const ROWS_AT_ONCE = 500;

/** A chain's result in StackStorm's shape (stackstorm-model 17.2). `ended` has rows that are newer than the store's. */
export async function chainResult(
  core: Core,
  {
    execution,
    snapshot,
    tracker,
    state,
  }: { execution: Execution; snapshot: Snapshot; tracker: Tracker; state: ChainState },
  ended: ReadonlyMap<string, Execution>,
): Promise<JsonObject> {
  const runs = state.runs.flat();
  const ids = runs.map((run, route) => tracker.latest(run.name, route)?.children.get(0)?.id);
  const rows = new Map(ended);
  const unread = ids.filter((id) => id !== undefined && !rows.has(id)) as string[];
  for (let at = 0; at < unread.length; at += ROWS_AT_ONCE) {
    const filter = { ids: unread.slice(at, at + ROWS_AT_ONCE) };
    const { items } = await core.parts.store.executions(execution.project, filter, { omit: ["parameters", "context"] });
    for (const row of items) rows.set(row.id, row);
  }
  const tasks = runs.map((run, at) => taskOf(run, rows.get(ids[at] ?? "")));
  const { display_published: given } = execution.parameters;
  const displays = given ?? core.plans(snapshot.action, snapshot.runner).defaults.display_published;
  return {
    tasks,
    ...(displays !== false && { published: state.published }),
    ...(state.error !== undefined && { error: state.error, traceback: "" }),
  };
}

function taskOf(run: ChainRun, row: Execution | undefined): JsonObject {
  return {
    id: run.name,
    name: run.name,
    execution_id: row?.id ?? null,
    liveaction_id: row?.liveaction ?? null,
    workflow: null,
    created_at: formatMicros(run.created * 1000),
    updated_at: formatMicros((run.updated ?? run.created) * 1000),
    state: row?.status ?? run.status,
    result: row?.result ?? run.result ?? {},
  };
}
