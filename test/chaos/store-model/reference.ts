/**
 * What a store does with members, leases and workflows, in the simplest words: plain data, and for each operation whether
 * an outcome can be, and what is then. Nothing here knows of transactions, connections or processes.
 */
export interface World {
  /** Who is present, and whether they have beaten since somebody looked. */
  readonly members: Readonly<Record<string, "as seen" | "beaten">>;
  readonly singletons: Readonly<Record<string, string>>;
  readonly executions: Readonly<Record<string, Run>>;
  /** The last step of each workflow. */
  readonly steps: Readonly<Record<string, number>>;
  /** What was told and not heard, with its shard, oldest first. */
  readonly told: readonly (readonly [id: string, shard: number])[];
}

export interface Run {
  readonly status: "requested" | "running" | "canceling" | "succeeded" | "canceled" | "abandoned";
  readonly priority: number;
  readonly due: number;
  /** Only for workers that have one. */
  readonly gpu: boolean;
  readonly worker?: string;
}

/** The member that has one. */
export const HAS_GPU = "m1";

export const EMPTY: World = { members: {}, singletons: {}, executions: {}, steps: {}, told: [] };

/** `evict` is of a member as it was when somebody looked last, or at an earlier time. */
export type Operation =
  | { readonly kind: "beat"; readonly member: string }
  | { readonly kind: "evict"; readonly member: string; readonly seen: "latest" | "older" }
  | { readonly kind: "leave"; readonly member: string }
  | { readonly kind: "take" | "release"; readonly name: string; readonly member: string }
  | {
      readonly kind: "insert";
      readonly id: string;
      readonly priority: number;
      readonly due: number;
      readonly gpu: boolean;
    }
  | { readonly kind: "claim"; readonly worker: string; readonly limit: number }
  | { readonly kind: "cancel"; readonly id: string }
  | { readonly kind: "finish" | "again"; readonly id: string; readonly worker: string }
  | { readonly kind: "lost" }
  | { readonly kind: "abandon"; readonly id: string; readonly worker: string }
  | { readonly kind: "append"; readonly workflow: string; readonly seq: number }
  | { readonly kind: "tell"; readonly id: string; readonly shard: number }
  | { readonly kind: "hear"; readonly id: string }
  /** A workflow's step: what was told is heard with it, or neither happens. */
  | { readonly kind: "advance"; readonly workflow: string; readonly seq: number; readonly id: string };

/** What the store said, as text: `ok`, a refusal, or what was found. */
export type Said = string;

/** What an operation says in a world, and the world after it. */
export function perform(world: World, operation: Operation): { readonly said: Said; readonly after: World } {
  const refuse = (said: "exists" | "missing" | "stale", index = 0) => ({ said: `${said} ${index}`, after: world });
  const ok = (change: Partial<World>) => ({ said: "ok", after: { ...world, ...change } });
  const run = (id: string, now: Run) => ok({ executions: { ...world.executions, [id]: now } });
  switch (operation.kind) {
    case "beat": {
      const { member } = operation;
      const canceling = idsOf(world, (one) => one.status === "canceling" && one.worker === member);
      return {
        said: `${world.members[member] === undefined ? "joined" : "beaten"} ${canceling.join()}`,
        after: { ...world, members: { ...world.members, [member]: "beaten" } },
      };
    }
    case "evict": {
      const member = world.members[operation.member];
      if (member === undefined) return refuse("missing");
      const isLatest = member === "as seen" && operation.seen === "latest";
      return isLatest ? ok(without(world, operation.member)) : refuse("stale");
    }
    case "leave":
      return ok(without(world, operation.member));
    case "take": {
      const { name, member } = operation;
      if (world.members[member] === undefined) return refuse("missing");
      const holder = world.singletons[name];
      if (holder !== undefined && holder !== member) return refuse("exists");
      return ok({ singletons: { ...world.singletons, [name]: member } });
    }
    case "release": {
      if (world.singletons[operation.name] !== operation.member) return ok({});
      return ok({ singletons: withoutKey(world.singletons, operation.name) });
    }
    case "insert": {
      const { id, priority, due, gpu } = operation;
      return world.executions[id] ? refuse("exists") : run(id, { status: "requested", priority, due, gpu });
    }
    case "claim": {
      const ids = waiting(world, operation.worker).slice(0, operation.limit);
      return { said: ids.join(), after: claimed(world, ids, operation.worker) };
    }
    case "cancel": {
      const one = world.executions[operation.id];
      if (!one) return refuse("missing");
      return one.status === "running" ? run(operation.id, { ...one, status: "canceling" }) : refuse("stale");
    }
    case "finish":
    case "again":
    case "abandon": {
      const { id, worker, kind } = operation;
      const one = world.executions[id];
      if (!one) return refuse("missing");
      if (one.status !== "running" || one.worker !== worker) return refuse("stale");
      const { worker: _, ...free } = one;
      return run(id, {
        ...free,
        status: ({ finish: "succeeded", again: "requested", abandon: "abandoned" } as const)[kind],
      });
    }
    case "lost":
      return {
        said: idsOf(world, (one) => one.worker !== undefined && world.members[one.worker] === undefined).join(),
        after: world,
      };
    case "append":
      return append(world, operation.workflow, operation.seq) ?? refuse("stale");
    case "tell": {
      const { id, shard } = operation;
      if (world.told.some(([one]) => one === id)) return refuse("exists");
      return ok({ told: [...world.told, [id, shard]] });
    }
    case "hear":
      return hear(world, operation.id) ?? refuse("missing");
    case "advance": {
      const appended = append(world, operation.workflow, operation.seq);
      if (!appended) return refuse("stale");
      return hear(appended.after, operation.id) ?? refuse("missing", 1);
    }
    default:
      return operation satisfies never;
  }
}

/** Somebody looks at all members. */
export function looked(world: World): World {
  const members = Object.keys(world.members).map((id): [string, "as seen"] => [id, "as seen"]);
  return { ...world, members: Object.fromEntries(members) };
}

/** The executions that wait and that the worker can run, in the order in which it is to claim them. */
export function waiting({ executions }: World, worker: string): string[] {
  return Object.entries(executions)
    .filter(([, one]) => one.status === "requested" && (!one.gpu || worker === HAS_GPU))
    .toSorted(([a, x], [b, y]) => y.priority - x.priority || x.due - y.due || (a < b ? -1 : 1))
    .map(([id]) => id);
}

export function claimed(world: World, ids: readonly string[], worker: string): World {
  const taken = ids.flatMap((id): [string, Run][] => {
    const one = world.executions[id];
    return one ? [[id, { ...one, status: "running", worker }]] : [];
  });
  return { ...world, executions: { ...world.executions, ...Object.fromEntries(taken) } };
}

function append(world: World, workflow: string, seq: number) {
  if (seq !== (world.steps[workflow] ?? 0) + 1) return undefined;
  return { said: "ok", after: { ...world, steps: { ...world.steps, [workflow]: seq } } };
}

function hear(world: World, id: string) {
  if (!world.told.some(([one]) => one === id)) return undefined;
  return { said: "ok", after: { ...world, told: world.told.filter(([one]) => one !== id) } };
}

function without(world: World, member: string): Partial<World> {
  const kept = Object.entries(world.singletons).filter(([, holder]) => holder !== member);
  return { members: withoutKey(world.members, member), singletons: Object.fromEntries(kept) };
}

function withoutKey<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  const { [key]: _, ...others } = record;
  return others;
}

function idsOf({ executions }: World, wanted: (one: Run) => boolean): string[] {
  return Object.entries(executions)
    .filter(([, one]) => wanted(one))
    .map(([id]) => id)
    .toSorted();
}
