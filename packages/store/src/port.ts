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
  Labels,
  Lane,
  Member,
  Micros,
  OutputChunk,
  OutputType,
  ResourceKind,
  Snapshot,
  TimerState,
  Token,
  User,
} from "@squall/model";
import type { Change, Committed, StoredResource, Told } from "./changes.ts";

/**
 * The truth. Every method takes the project first where rows belong to one, and never returns rows of another.
 *
 * S1  `commit` resolves only when the change survives SIGKILL and power loss.
 * S2  A list of changes happens whole or not at all, whatever else is in the same group.
 * S3  No guard is checked against uncommitted or stale state: of two lists with the same guard one is refused.
 * S4  Lists are applied in the order in which `commit` was called, but for those that keep an archive.
 * S5  Reads see everything committed before they were called.
 */
export interface Store extends AsyncDisposable {
  commit(changes: readonly Change[]): Promise<Committed>;

  /** All resources of a kind, sorted by ref. */
  resources(project: string, kind: ResourceKind): Promise<StoredResource[]>;
  /**
   * What was written or deleted after `revision`, oldest first, as it is now, and the revision that this is the state of: nothing
   * up to there comes later. With -1 only the revision. Over all projects.
   */
  contentSince(revision: number): Promise<ContentChanges>;

  snapshot(project: string, digest: string): Promise<Snapshot | undefined>;
  snapshots(project: string, digests: readonly string[]): Promise<Map<string, Snapshot>>;

  execution(project: string, id: string): Promise<Execution | undefined>;
  executions(project: string, filter: ExecutionFilter, page: Page): Promise<Listed<Execution>>;
  /** Ids of the direct children by parent, oldest first. */
  childIds(project: string, parents: readonly string[]): Promise<Map<string, string[]>>;
  /** Distinct values in use, for the filters of a list view. Empty ones are left out. */
  executionValues(
    project: string,
    field: "action" | "status" | "rule" | "runner" | "trigger" | "trigger_type" | "user",
  ): Promise<string[]>;
  /**
   * Takes what is next of the due executions of a lane, in one durable commit, in order with `commit` (S4): those
   * `requested`, `scheduled` or `delayed` with `due <= now`, whose `where` the labels satisfy, become `running` under the
   * lease. Their logs get `scheduled` (unless they were) and `running`.
   *
   * Projects take turns: each gets one before any gets another, from the project after the one that this store gave to
   * last when it gave all that was asked for. Within a project the higher priority is first, within a priority the
   * earlier `due`, then the lower id. The answer is in that order within each project.
   */
  claim(ask: Claim): Promise<Execution[]>;
  /** How many are `requested` or `scheduled`, by lane, counted up to `most` each. Its time grows with what it counts. */
  waiting(most: number): Promise<Readonly<Record<Lane, number>>>;
  /**
   * The earliest `due` later than `after` among executions of the lane that wait for their time or a slot, whatever
   * their `where`. With the time of a claim that took all it could: when to claim again.
   */
  nextDue(lane: Lane, after: Micros): Promise<Micros | undefined>;
  /** Executions leased to a worker that is no present member, at most `limit`. Over all projects. */
  lostExecutions(limit: number): Promise<Execution[]>;
  /**
   * True when this process is the only one that can work on the store. There are no members then when it is opened, so that
   * every old lease is lost.
   */
  readonly exclusive: boolean;

  /**
   * Says that a member is there, and what it is doing; makes its row when there is none. Neither waits for commits nor is
   * in order with them. A member is there until it leaves or is evicted.
   */
  beat(member: Member): Promise<Beaten>;
  /** Sorted by id. */
  members(): Promise<PresentMember[]>;
  /** What is done by one member only, sorted by name. */
  singletons(): Promise<{ readonly name: string; readonly member: string }[]>;
  /** What was told to workflows of these shards and not heard yet, oldest first, at most `limit`. Over all projects. */
  told(shards: readonly number[], limit: number): Promise<Told[]>;
  /** Who this installation is and by what its keys are known: what is offered where nothing is kept yet, else what is kept. */
  installation(offered: Installation): Promise<Installation>;

  /** The newest state kept of a workflow's execution, and the steps after it in order; with `whole` every step and no state. */
  workflow(project: string, execution: string, whole?: boolean): Promise<WorkflowHistory>;

  output(project: string, execution: string, type?: OutputType, afterSeq?: number): Promise<OutputChunk[]>;

  event(project: string, id: string): Promise<Event | undefined>;
  events(project: string, filter: EventFilter, page: Page): Promise<Listed<Event>>;

  enforcement(project: string, id: string): Promise<Enforcement | undefined>;
  enforcements(project: string, filter: EnforcementFilter, page: Page): Promise<Listed<Enforcement>>;

  /** Expired keys are not there, whether or not they were collected. */
  key(project: string, scope: KeyScope, user: string, name: string, now: Micros): Promise<Key | undefined>;
  keys(project: string, filter: KeyFilter, page: Page, now: Micros): Promise<Listed<Key>>;
  /** Keys that expired at `now`, for the collector. */
  expiredKeys(now: Micros, limit: number): Promise<Key[]>;

  timers(project: string): Promise<TimerState[]>;

  user(project: string, name: string): Promise<User | undefined>;
  users(project: string): Promise<User[]>;
  tokenByHash(hash: string): Promise<Token | undefined>;
  /** Tokens that expired at `now`, for the collector. */
  expiredTokens(now: Micros, limit: number): Promise<Token[]>;
  apiKey(project: string, id: string): Promise<ApiKey | undefined>;
  apiKeyByHash(hash: string): Promise<ApiKey | undefined>;
  apiKeys(project: string, page: Page): Promise<Listed<ApiKey>>;

  /**
   * Forgets old history, a part of it at a time: executions with their output, steps and enforcements, and events, of before
   * `ask.before`. Kept is whatever has not ended or ended later, what is above what has not ended, what these continue
   * (re-runs), and all that is below any of it. Never takes long; `more` says that calling again finds more. PostgreSQL forgets whole days and
   * more at once, and keeps up to some days longer than asked; it also makes room for the days to come, so call it daily
   * at least, with `before` 0 when nothing is to be forgotten.
   */
  forget(ask: Forgetting): Promise<Forgotten>;
  /** The bytes that `archive.keep` kept. */
  archive(digest: string): Promise<Uint8Array | undefined>;
  /**
   * Removes the archives that were found to be of no use for `idleMs`, by the store's clock, and finds those that are now: no
   * pack names them (as `archive`), nor does the snapshot of an execution that has not ended. Resolves with how many went.
   */
  forgetArchives(idleMs: number): Promise<number>;

  /** Every project that anything was ever written for. */
  projects(): Promise<string[]>;
  /**
   * What an operator wants to know: engine, file or host, sizes, schema version. No secrets. Rejects with the reason
   * when nothing can be written now.
   */
  describe(): Promise<Record<string, unknown>>;
}

export interface Forgetting {
  /** What ended before this is forgotten; 0: nothing. */
  readonly before: Micros;
  readonly now: Micros;
  /** Rows to look at in one go, where they go one by one. */
  readonly limit: number;
}

/** What is gone. */
export interface Forgotten {
  readonly executions: number;
  readonly events: number;
  readonly more: boolean;
}

export interface Beaten {
  /** The member's row was made anew: it is its first beat, or it was evicted meanwhile and what it ran may be lost. */
  readonly joined: boolean;
  /** Executions leased to it that are `canceling`, for a member that was not told so. */
  readonly canceling: readonly { readonly project: string; readonly id: string }[];
}

export interface PresentMember extends Member {
  /** Grows with each beat; that of a row made anew is another than any before. */
  readonly beats: number;
  /** The store's clock at its last beat, for people: nothing is decided by it. */
  readonly seen: Micros;
}

export interface ContentChanges {
  readonly revision: number;
  readonly changes: readonly {
    readonly project: string;
    readonly kind: ResourceKind;
    readonly id: string;
    /** Absent: deleted. */
    readonly resource?: StoredResource;
  }[];
}

export interface Installation {
  readonly id: string;
  readonly seal: string;
}

export interface WorkflowHistory {
  /** The state as it was after step `seq`. */
  readonly saved?: { readonly seq: number; readonly state: string };
  readonly steps: readonly { readonly seq: number; readonly step: JsonObject }[];
}

/** Who asks for executions to run, and which. */
export interface Claim {
  readonly lane: Lane;
  /** At most so many. */
  readonly limit: number;
  readonly worker: string;
  /** Of the worker: it gets what asks for none, and what asks for some of these. */
  readonly labels: Labels;
  readonly now: Micros;
}

/** A slice of a list. `total` costs a count, so it is computed only when `count` is set. */
export interface Page {
  readonly limit?: number;
  readonly offset?: number;
  readonly count?: boolean;
  /** Wide fields of executions to leave out: `result` is then absent, `parameters` and `context` empty. */
  readonly omit?: readonly ("result" | "parameters" | "context")[];
}

export interface Listed<T> {
  readonly items: T[];
  /** Rows that match without paging; present when the page asked to `count`. */
  readonly total?: number;
}

export type Order = "ascending" | "descending";

/** Every given field must hold; arrays mean "one of". `null` means the field is missing. */
export interface ExecutionFilter {
  readonly ids?: readonly string[];
  readonly status?: readonly ExecutionStatus[];
  readonly action?: string;
  readonly runner?: string;
  readonly rule?: string | null;
  readonly trigger?: string | null;
  readonly trigger_type?: string | null;
  readonly trigger_instance?: string | null;
  readonly parent?: string | null;
  /** Only those that are part of another one. */
  readonly isPart?: true;
  readonly user?: string;
  readonly liveaction?: string;
  /** start time bounds; `after` and `before` exclude, `from` and `to` include */
  readonly after?: Micros;
  readonly before?: Micros;
  readonly from?: Micros;
  readonly to?: Micros;
  /** by start time, then id; newest first unless said otherwise */
  readonly order?: Order;
}

export interface EventFilter {
  readonly ids?: readonly string[];
  readonly trigger?: string;
  readonly trigger_type?: string;
  readonly status?: readonly EventStatus[];
  readonly after?: Micros;
  readonly before?: Micros;
  readonly order?: Order;
}

export interface EnforcementFilter {
  readonly rule_ref?: string;
  readonly rule_id?: string;
  readonly trigger_instance?: string;
  readonly execution?: string;
  readonly after?: Micros;
  readonly before?: Micros;
  readonly order?: Order;
}

export interface KeyFilter {
  /** absent: all scopes */
  readonly scope?: KeyScope;
  /** absent: any owner */
  readonly user?: string;
  readonly prefix?: string;
  readonly name?: string;
  readonly ids?: readonly string[];
  /** by name; ascending unless said otherwise */
  readonly order?: Order;
}
