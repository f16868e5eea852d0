import { type Member, messageOf } from "@squall/model";
import type { PresentMember } from "@squall/store";
import type { EngineParts, Role } from "../parts.ts";
import { createMembership, type Membership } from "./membership.ts";
import { ownerOf, SHARDS, shardOf } from "./rendezvous.ts";

/** This process among those that share the store, and what belongs to whom. */
export interface Cluster {
  /** Nobody else works on the store, so everything belongs to this process. */
  readonly alone: boolean;
  has(role: Role): boolean;
  /** Whether this process takes the steps of the workflow whose execution this is. */
  conducts(execution: string): boolean;
  /** The member that takes its steps; undefined when no engine is there. */
  conductorOf(execution: string): string | undefined;
  /** The owner of each shard that has one. */
  conductors(): readonly string[];
  /** Shards of workflows that are this process's. */
  shards(): readonly number[];
  /** Whether a thing of which there is one is this process's to run: as far as it knows, so what counts needs a guard. */
  owns(role: Role, name: string): boolean;
  members(): readonly PresentMember[];
  /** Address of a member that serves the API, for what runs; undefined when none says one. */
  apiUrl(): string | undefined;
  /**
   * False before this process has joined, and while it could not write for so long that the others may soon take it for dead:
   * it takes up nothing then.
   */
  readonly isSound: boolean;
  on(listener: ClusterListener): void;
  join(): Promise<void>;
  start(): void;
  leave(): Promise<void>;
}

/** Told of changes; all may come at any time, also while the one before is still being seen to. */
export interface ClusterListener {
  /** Owners of shards and singletons may be others now. */
  changed?(): void;
  /** This member was evicted and is back: what it held may be another's. */
  returned?(): void;
  canceling?(executions: readonly { readonly project: string; readonly id: string }[]): void;
  /** Members went: what they held is free. */
  gone?(members: readonly string[]): void;
}

/** Well before the others may evict (SILENT_MS after the last beat that they saw). */
const SOUND_MS = 4_000;

export function createCluster(parts: EngineParts, describe: () => Pick<Member, "slots" | "state">): Cluster {
  const { worker } = parts;
  const alone = parts.store.exclusive;
  const listeners: ClusterListener[] = [];
  let owners: readonly (string | undefined)[] = [];
  let mine: readonly number[] = [];
  let hasJoined = false;

  const withRole = (role: Role): string[] =>
    membership
      .present()
      .filter(({ roles }) => roles.includes(role))
      .map(({ id }) => id);

  const tell = (call: (listener: ClusterListener) => void): void => {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        parts.log.error({ err: error }, `a change of the cluster could not be seen to: ${messageOf(error)}`);
      }
    }
  };
  const started = parts.now();
  const membership: Membership = createMembership(parts, {
    evicts: parts.roles.has("engine"),
    describe: () => {
      const url = parts.ownUrl?.();
      return {
        id: worker,
        host: parts.host,
        pid: process.pid,
        roles: [...parts.roles],
        labels: parts.labels,
        version: parts.version,
        started,
        ...(url !== undefined && parts.roles.has("api") && { url }),
        ...describe(),
      };
    },
    changed() {
      const engines = withRole("engine");
      owners = Array.from({ length: SHARDS }, (_, shard) => ownerOf(`workflows/${shard}`, engines));
      mine = owners.flatMap((owner, shard) => (owner === worker ? [shard] : []));
      tell((one) => one.changed?.());
    },
    returned: () => tell((one) => one.returned?.()),
    canceling: (executions) => tell((one) => one.canceling?.(executions)),
    gone: (members) => tell((one) => one.gone?.(members)),
  });
  if (alone) mine = Array.from({ length: SHARDS }, (_, shard) => shard);
  const unsubscribe = alone
    ? undefined
    : parts.bus.subscribe(["member"], ({ id }) => {
        if (id !== worker) membership.look();
      });

  return {
    alone,
    has: (role) => parts.roles.has(role),
    conducts: (execution) => alone || owners[shardOf(execution)] === worker,
    conductorOf: (execution) => (alone ? worker : owners[shardOf(execution)]),
    conductors: () => (alone ? mine.map(() => worker) : owners.flatMap((owner) => owner ?? [])),
    shards: () => mine,
    owns: (role, name) => (alone ? parts.roles.has(role) : ownerOf(name, withRole(role)) === worker),
    members: () => membership.present(),
    apiUrl: () => membership.present().find(({ url }) => url !== undefined)?.url,
    get isSound() {
      return alone || (hasJoined && membership.silentFor() < SOUND_MS);
    },
    on: (listener) => void listeners.push(listener),
    async join() {
      await membership.join();
      hasJoined = true;
    },
    start() {
      if (!alone) membership.start();
    },
    async leave() {
      unsubscribe?.();
      await membership.leave();
    },
  };
}
