import type { JsonObject } from "@squall/model";
import type { PresentMember } from "@squall/store";
import type { Core } from "../core.ts";

/** The cluster as this member sees it. */
export interface ClusterStatus {
  /** One process does everything: there are no members but this one. */
  readonly alone: boolean;
  /** The member that answers. */
  readonly member: string;
  /** This member is one of those below, and writes what it should. */
  readonly sound: boolean;
  readonly members: readonly MemberStatus[];
  /** Executions that wait for a slot, by lane; counted up to the limit above which new ones are refused. */
  readonly waiting: Readonly<Record<"inline" | "process", number>>;
  readonly limit: number;
  readonly bus: JsonObject & { readonly ok: boolean };
}

/** A member with what it does; `seen`, its last beat, is by the store's clock. */
export interface MemberStatus extends Omit<PresentMember, "beats" | "state"> {
  readonly running: number;
  /** Shards of workflows that are its own, and sensors that it runs. */
  readonly shards: number;
  readonly sensors: number;
}

export async function clusterStatus(core: Core): Promise<ClusterStatus> {
  const { parts, cluster } = core;
  const most = parts.limits.waiting;
  const [waiting, singletons, members] = await Promise.all([
    parts.store.waiting(most),
    parts.store.singletons(),
    parts.store.members(),
  ]);
  const { ok, details } = parts.bus.health();
  const shards = new Map<string, number>();
  for (const owner of cluster.conductors()) shards.set(owner, (shards.get(owner) ?? 0) + 1);
  return {
    alone: cluster.alone,
    member: parts.worker,
    sound: cluster.isSound,
    members: members.map(({ beats: _beats, state, ...member }) => ({
      ...member,
      running: typeof state.running === "number" ? state.running : 0,
      shards: shards.get(member.id) ?? 0,
      sensors: singletons.filter((one) => one.member === member.id && one.name.startsWith("sensor/")).length,
    })),
    waiting,
    limit: most,
    bus: { ...details, ok },
  };
}
