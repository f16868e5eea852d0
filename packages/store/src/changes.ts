import type {
  ApiKey,
  Enforcement,
  Event,
  EventStatus,
  Execution,
  ExecutionStatus,
  JsonObject,
  Key,
  KeyScope,
  Lease,
  Micros,
  OutputChunk,
  ResourceKind,
  Resources,
  Snapshot,
  TimerState,
  Token,
  User,
} from "@squall/model";

/**
 * Everything that can happen to the state, as plain data. A list of changes given to `Store.commit` happens whole or
 * not at all. Guards (`from`, `expect`) name the state that the caller decided on; when it no longer holds, that list
 * is refused and nothing of it happens.
 */
export type Change =
  /**
   * Writes a resource under its id. `expect` is the version it replaces, 0 for "must not exist"; absent writes in any
   * case. Refused as `exists` when another id has the ref.
   */
  | { readonly kind: "resource.put"; readonly resource: StoredResource; readonly expect?: number }
  | {
      readonly kind: "resource.delete";
      readonly project: string;
      readonly resourceKind: ResourceKind;
      readonly id: string;
      readonly expect?: number;
    }
  /** Keeps a snapshot under its digest; doing it again is nothing. */
  | { readonly kind: "snapshot.keep"; readonly project: string; readonly digest: string; readonly snapshot: Snapshot }
  | { readonly kind: "event.insert"; readonly event: Event }
  | {
      readonly kind: "event.move";
      readonly project: string;
      readonly id: string;
      readonly from: readonly EventStatus[];
      readonly to: EventStatus;
    }
  | { readonly kind: "enforcement.insert"; readonly enforcement: Enforcement }
  | { readonly kind: "execution.insert"; readonly execution: Execution }
  | ExecutionMove
  /** Refused as `exists` when one of the numbers is taken; then none is appended. */
  | { readonly kind: "output.append"; readonly project: string; readonly chunks: readonly OutputChunk[] }
  /**
   * Adds a step to the history of a workflow's execution. Refused as `stale` unless `seq` is the last one plus 1 (1 for
   * the first): whoever decided on an older history looks again.
   */
  | {
      readonly kind: "workflow.append";
      readonly project: string;
      readonly execution: string;
      readonly seq: number;
      readonly step: JsonObject;
    }
  /** Keeps the state after step `seq`, in place of an older one, so that reading it back need not begin at step 1. */
  | {
      readonly kind: "workflow.save";
      readonly project: string;
      readonly execution: string;
      readonly seq: number;
      readonly state: string;
    }
  /** Tells a workflow's execution something, until whoever conducts it hears it. Refused as `exists` when the id is taken. */
  | ({ readonly kind: "workflow.tell" } & Told)
  /** Forgets what was told, in the commit of what came of it. Refused as `missing` when it was heard already. */
  | { readonly kind: "workflow.hear"; readonly project: string; readonly id: string }
  /**
   * Removes a member that was seen with this number of beats, and what singletons it has. Refused as `stale` when it has
   * beaten since, `missing` when it is gone.
   */
  | { readonly kind: "member.evict"; readonly id: string; readonly beats: number }
  /** The same by the member itself, which must not beat any more; fine when it is gone. */
  | { readonly kind: "member.leave"; readonly id: string }
  /**
   * Makes a member the only one that does something. Refused as `exists` while another present member has it, `missing` when
   * this one is not present; fine when it has it already.
   */
  | { readonly kind: "singleton.take"; readonly name: string; readonly member: string }
  /** Nothing when it is another's. */
  | { readonly kind: "singleton.release"; readonly name: string; readonly member: string }
  /**
   * `expect`: the version it replaces, 0 for "must not exist"; absent writes in any case. The store counts the version,
   * whatever the key says. A key that had expired by `key.updated` does not exist for `expect`; its version goes on.
   */
  | { readonly kind: "key.put"; readonly key: Key; readonly expect?: number }
  | {
      readonly kind: "key.delete";
      readonly project: string;
      readonly scope: KeyScope;
      readonly user: string;
      readonly name: string;
      readonly expect?: number;
    }
  /** `expect` as with resources; timers have one writer at a time. */
  | { readonly kind: "timer.put"; readonly timer: TimerState; readonly expect?: number }
  | { readonly kind: "timer.delete"; readonly project: string; readonly trigger: string }
  /** Under its id; refused as `exists` when another id has the name. */
  | { readonly kind: "user.put"; readonly user: User }
  | { readonly kind: "token.insert"; readonly token: Token }
  | { readonly kind: "token.delete"; readonly hash: string }
  | { readonly kind: "apikey.put"; readonly key: ApiKey }
  | { readonly kind: "apikey.delete"; readonly project: string; readonly id: string }
  /**
   * Keeps the code of a pack under the digest of its bytes; doing it again is nothing. The bytes are brought in before the
   * list takes its place among others, so that those need not wait for them: only such a list can be overtaken (S4).
   */
  | { readonly kind: "archive.keep"; readonly digest: string; readonly bytes: Uint8Array };

/**
 * Moves an execution from one of the statuses `from` to `to`, appending `{to, at}` to its log. With `worker`, only if
 * that worker's lease is on it: a worker that lost its lease cannot finish the execution. A completed execution never
 * moves again, whatever `from` says.
 */
export interface ExecutionMove {
  readonly kind: "execution.move";
  readonly project: string;
  readonly id: string;
  readonly from: readonly ExecutionStatus[];
  readonly to: ExecutionStatus;
  readonly at: Micros;
  readonly worker?: string;
  /** Sets the lease, or drops it with null. Completing drops it in any case. */
  readonly lease?: Lease | null;
  readonly start?: Micros;
  /** Set when `to` is a completed status. */
  readonly end?: Micros;
  readonly result?: JsonObject;
  /** Merged into the context at the top level (`cancelled_by`, ...). */
  readonly context?: JsonObject;
  readonly due?: Micros;
}

/** A resource with what the store needs beside it. */
export type StoredResource = {
  [K in ResourceKind]: {
    readonly project: string;
    readonly kind: K;
    readonly id: string;
    /** Unique within project and kind: `pack.name`, or the name where the kind has no pack. */
    readonly ref: string;
    readonly pack: string;
    readonly name: string;
    readonly body: Resources[K];
    /** Set by the store on reading; ignored on writing (it becomes the old one plus 1). */
    readonly version: number;
  };
}[ResourceKind];

/** Something that a workflow's execution is told by a process that does not conduct it. */
export interface Told {
  readonly project: string;
  readonly id: string;
  readonly execution: string;
  /** Of the execution; by it the one who conducts it finds this. */
  readonly shard: number;
  readonly event: JsonObject;
  readonly context?: JsonObject;
}

/** What became of a list of changes. */
export type Committed =
  | { readonly ok: true }
  /** `index` is the first change that could not be; `reason` says why. Nothing of the list happened. */
  | {
      readonly ok: false;
      readonly index: number;
      /** `exists`: unique name taken; `missing`: no such row; `stale`: status, version or lease no longer hold. */
      readonly reason: "exists" | "missing" | "stale";
      readonly message: string;
    };
