import type { Execution, Member } from "@squall/model";
import type { Change, Committed, Store } from "@squall/store";
import type { Happened } from "./histories.ts";
import { HAS_GPU, looked, type Operation, type Run, type Said, type World } from "./reference.ts";

export const MEMBERS = ["m1", "m2", "m3"] as const;
export const EXECUTIONS = ["e1", "e2", "e3", "e4", "e5", "e6"] as const;
export const WORKFLOWS = ["w1", "w2"] as const;
export const SHARDS = [0, 1] as const;

const PROJECT = "default";
const GPU = { gpu: "yes" };
/** Everything is due. */
const NOW = 1_000_000;

/** Beats of each member as somebody read them: the newest, and one from before it. */
export type Counts = Map<string, { readonly latest: number; readonly older: number }>;

/** Does an operation on a real store, and says what came of it as the reference does. */
export async function doIt(store: Store, operation: Operation, counts: Counts): Promise<Happened> {
  const said = (text: Said): Happened => ({ operation, said: text });
  const commit = async (...changes: Change[]) => said(wordOf(await store.commit(changes)));
  switch (operation.kind) {
    case "beat": {
      const { joined, canceling } = await store.beat(aMember(operation.member));
      return said(
        `${joined ? "joined" : "beaten"} ${canceling
          .map(({ id }) => id)
          .toSorted()
          .join()}`,
      );
    }
    case "evict":
      return commit({
        kind: "member.evict",
        id: operation.member,
        beats: counts.get(operation.member)?.[operation.seen] ?? -1,
      });
    case "leave":
      return commit({ kind: "member.leave", id: operation.member });
    case "take":
      return commit({ kind: "singleton.take", name: operation.name, member: operation.member });
    case "release":
      return commit({ kind: "singleton.release", name: operation.name, member: operation.member });
    case "insert":
      return commit({ kind: "execution.insert", execution: anExecution(operation) });
    case "claim": {
      const { worker, limit } = operation;
      const claimed = await store.claim({
        lane: "inline",
        limit,
        worker,
        labels: worker === HAS_GPU ? GPU : {},
        now: NOW,
      });
      return said(claimed.map(({ id }) => id).join());
    }
    case "cancel":
      return commit(move(operation.id, "running", "canceling"));
    case "finish":
      return commit({ ...move(operation.id, "running", "succeeded"), worker: operation.worker, end: NOW, result: {} });
    case "abandon":
      return commit({ ...move(operation.id, "running", "abandoned"), worker: operation.worker, end: NOW, result: {} });
    case "again":
      return commit({ ...move(operation.id, "running", "requested"), worker: operation.worker, lease: null });
    case "lost":
      return said(
        (await store.lostExecutions(100))
          .map(({ id }) => id)
          .toSorted()
          .join(),
      );
    case "append":
      return commit(step(operation));
    case "tell": {
      const { id, shard } = operation;
      return commit({ kind: "workflow.tell", project: PROJECT, execution: WORKFLOWS[0], id, shard, event: { id } });
    }
    case "hear":
      return commit({ kind: "workflow.hear", project: PROJECT, id: operation.id });
    case "advance":
      return commit(step(operation), { kind: "workflow.hear", project: PROJECT, id: operation.id });
    default:
      return operation satisfies never;
  }
}

/** What a store shows now, as a world, with everybody's beats noted. */
export async function look(store: Store, counts: Counts): Promise<World> {
  const members = await store.members();
  for (const { id, beats } of members) {
    const known = counts.get(id);
    if (known?.latest !== beats) counts.set(id, { latest: beats, older: known?.latest ?? -1 });
  }
  const { items } = await store.executions(PROJECT, { order: "ascending" }, {});
  const steps: [string, number][] = [];
  for (const workflow of WORKFLOWS) {
    const numbers = (await store.workflow(PROJECT, workflow, true)).steps.map(({ seq }) => seq);
    if (numbers.some((seq, index) => seq !== index + 1)) throw new Error(`${workflow} has the steps ${numbers.join()}`);
    if (numbers.length > 0) steps.push([workflow, numbers.length]);
  }
  const told = await store.told(SHARDS, 100);
  return looked({
    members: Object.fromEntries(members.map(({ id }) => [id, "as seen"])),
    singletons: Object.fromEntries((await store.singletons()).map(({ name, member }) => [name, member])),
    executions: Object.fromEntries(items.map((one): [string, Run] => [one.id, runOf(one)])),
    steps: Object.fromEntries(steps),
    told: told.map(({ id, shard }): [string, number] => [id, shard]),
  });
}

function wordOf(committed: Committed): Said {
  return committed.ok ? "ok" : `${committed.reason} ${committed.index}`;
}

function runOf({ status, due, priority = 0, where, lease }: Execution): Run {
  // The cast: only the reference's operations have touched it.
  return {
    status: status as Run["status"],
    priority,
    due,
    gpu: where !== undefined,
    ...(lease && { worker: lease.worker }),
  };
}

function move(id: string, from: "running", to: "canceling" | "succeeded" | "abandoned" | "requested") {
  return { kind: "execution.move", project: PROJECT, id, from: [from], to, at: NOW } as const;
}

function step({ workflow, seq }: { readonly workflow: string; readonly seq: number }): Change {
  return { kind: "workflow.append", project: PROJECT, execution: workflow, seq, step: { seq } };
}

function aMember(id: string): Member {
  const slots = { inline: 1, process: 1 };
  return { id, host: "h", pid: 1, roles: ["worker"], labels: {}, version: "1", started: 1, slots, state: {} };
}

function anExecution({ id, priority, due, gpu }: Extract<Operation, { kind: "insert" }>): Execution {
  return {
    id,
    project: PROJECT,
    liveaction: id,
    status: "requested",
    action: "core.noop",
    runner: "noop",
    lane: "inline",
    snapshot: "s",
    parameters: {},
    context: {},
    user: "u",
    ...(priority !== 0 && { priority }),
    ...(gpu && { where: GPU }),
    created: due,
    due,
    start: due,
    log: [{ status: "requested", timestamp: due }],
  };
}
