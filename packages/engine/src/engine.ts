import type { ClusterStatus } from "./cluster/status.ts";
import type {
  ApiKey,
  Criterion,
  Enforcement,
  Event,
  Execution,
  ExecutionStatus,
  JsonObject,
  Key,
  KeyScope,
  Labels,
  Notify,
  OutputChunk,
  OutputType,
  Parameters,
  Principal,
  ResourceKind,
  Resources,
  Rule,
  SourcePosition,
  Token,
  Trigger,
  User,
} from "@squall/model";
import type { LogPart, SensorStatus } from "@squall/sources";
import type { Inquiry } from "./inquiries/answer.ts";
import type { WorkflowGraph } from "./workflows/graph.ts";
import type { TaskTree } from "./workflows/tasks.ts";
import type { InspectionEntry } from "./workflows/inspection.ts";
import type { Recording } from "./workflows/rehearsal/record.ts";
import type { Rehearsal, Rehearsed } from "./workflows/rehearsal/rehearse.ts";
import type { EnforcementFilter, EventFilter, ExecutionFilter, KeyFilter, Listed, Page } from "@squall/store";

/**
 * The loop behind one door: events in, rules matched, executions run, everything written through `store.commit` alone.
 * Whoever calls has already been let in by `allow`; the engine checks what is true, not who may.
 */
export interface Engine extends AsyncDisposable {
  readonly content: Content;
  readonly executions: Executions;
  readonly aliases: Aliases;
  readonly workflows: WorkflowTools;
  readonly inquiries: Inquiries;
  readonly events: Events;
  readonly keys: Keys;
  readonly accounts: Accounts;
  readonly sensors: Sensors;
  /** Who shares the store with this process, as it sees it. */
  cluster(): Promise<ClusterStatus>;
  /** Address of a member that serves the API, for what runs here; undefined when none is known. */
  apiUrl(): string | undefined;
  /** Recovers what a dead process left, then begins to claim, fire timers and collect. Resolves when it takes work. */
  start(): Promise<void>;
  /** Takes no new work and waits for what runs, at most `timeoutMs`; then what still runs is marked abandoned. */
  drain(timeoutMs: number): Promise<void>;
  /** The state of the parts, for operators. `ok` is false when events or executions cannot be accepted. */
  health(): Promise<{ readonly ok: boolean; readonly parts: Readonly<Record<string, JsonObject>> }>;
}

export type { ClusterStatus, MemberStatus } from "./cluster/status.ts";

/** Packs and what is in them. Reads are from memory; writes are durable when they resolve. */
export interface Content {
  /** Sorted by ref. */
  list<K extends ResourceKind>(project: string, kind: K): readonly Resources[K][];
  /** By ref (or name, where the kind has no pack) or by id. */
  get<K extends ResourceKind>(project: string, kind: K, refOrId: string): Resources[K] | undefined;
  /**
   * Validates, completes (ids, defaults, computed fields) and writes one resource. `create` throws Conflict when the
   * ref is taken, `update` NotFound when there is nothing; `id` in an update's draft must be that of the resource.
   */
  put<K extends ResourceKind>(
    project: string,
    kind: K,
    draft: JsonObject,
    mode: "create" | "update" | "upsert",
  ): Promise<Resources[K]>;
  delete(project: string, kind: ResourceKind, refOrId: string): Promise<void>;
  /** Reads pack folders and writes what they hold. One bad file does not stop its neighbours. */
  register(project: string, directories: readonly string[], types?: readonly string[]): Promise<Registration>;
  /** Removes a pack and everything in it. The folder stays. */
  unregister(project: string, pack: string): Promise<void>;
  /**
   * The folder with the code of a pack on this machine, as it is registered or as `archive` has it; unpacked first where the pack was registered on another one.
   * Undefined for a pack that is not there; throws Unavailable when its code cannot be had.
   */
  codeOf(project: string, pack: string, archive?: string): Promise<string | undefined>;
  /** Reads a pack again out of the code that is kept of it, for who does not have its folder. */
  registerKept(project: string, pack: string, types?: readonly string[]): Promise<Registration>;
  /**
   * Makes the files of a pack known to all machines, and nothing of what they hold: it is `installing` until it is registered.
   * Resolves with its ref.
   */
  announce(project: string, directory: string): Promise<string>;
  /** Reads what others wrote to the store. Resolves when it is in memory; at once where nobody else writes. */
  catchUp(): Promise<void>;
  /**
   * Takes over the files of a pack as they are now in a folder: its list of them, digest and archive. What the metadata among
   * them says stays as it is. Throws Conflict when the pack was changed meanwhile.
   */
  refresh(project: string, pack: string, folder: string): Promise<void>;
  /** Whether the folder that a pack was registered from is on this machine, with what was registered. */
  isHere(pack: Resources["pack"]): Promise<boolean>;
  /** Whether other machines get the code of packs: it is kept with what is registered. */
  readonly sharesCode: boolean;
  /** Action parameters merged over its runner's. */
  parametersOf(project: string, action: Resources["action"]): Parameters;
}

export interface Registration {
  /** How many of each type were written, by StackStorm's plural names (`actions`, `rules`, ...). */
  readonly counts: Readonly<Record<string, number>>;
  readonly packs: readonly string[];
  readonly problems: readonly {
    readonly severity: "error" | "warning";
    readonly message: string;
    readonly at: SourcePosition;
  }[];
}

export interface ExecutionRequest {
  readonly action: string;
  readonly parameters?: JsonObject;
  /** Parameters that are data: cast and validated, and never read as templates. */
  readonly literal?: JsonObject;
  readonly context?: JsonObject;
  readonly notify?: Notify;
  readonly callback?: JsonObject;
  /** Milliseconds before it may start. */
  readonly delay?: number;
  /** Labels that its worker must have; `{}` for any. Absent: those of the action. */
  readonly where?: Labels;
  /** Absent: that of the action, else 0. */
  readonly priority?: number;
  /** Runs as this user instead of the principal. */
  readonly user?: string;
}

/** What people say in a chat, read by the formats of aliases (StackStorm's ChatOps). */
export interface Aliases {
  /**
   * The one alias that a command is meant for. Throws Invalid `alias.no-match`, `alias.ambiguous`, and `alias.too-much-work`,
   * `alias.command-too-long` for commands beyond what formats are compared with.
   */
  match(project: string, command: string): AliasMatch;
  /** What can be said, for people: the displays of enabled aliases, in order of their refs. */
  help(project: string, about: AliasHelpQuery): AliasHelp;
  /** Runs what a command says by one format of an alias; with `multiple`, once for each occurrence of the format. */
  execute(principal: Principal, command: AliasCommand): Promise<AliasAnswer[]>;
  /** What an alias wants said of an execution that it asked for; a message is there only where the alias has a template. */
  resultOf(execution: Execution): Promise<AliasResult>;
}

export interface AliasMatch {
  readonly alias: Resources["action_alias"];
  readonly display: string | null;
  readonly representation: string;
  /** The format is one that a command may hold several times. */
  readonly multiple: boolean;
}

export interface AliasHelpQuery {
  /** A regular expression that a display must hold, in any case. */
  readonly filter?: string;
  readonly pack?: string;
  /** Absent or 0: all. */
  readonly limit?: number;
  readonly offset?: number;
}

export interface AliasHelp {
  /** How many there are without limit and offset. */
  readonly available: number;
  readonly helpstrings: readonly {
    readonly pack: string;
    readonly display: string;
    readonly description: string | null;
  }[];
}

export interface AliasCommand {
  /** Name or ref of the alias. */
  readonly name: string;
  readonly format: string;
  readonly command: string;
  readonly multiple?: boolean;
  /** Who said it, as the chat knows them. */
  readonly user?: string;
  /** Whether the principal may act in that user's name: only then do templates read that user's keys. */
  readonly vouched: boolean;
  readonly sourceChannel: string;
  /** What the bot wants to find again in the answer. */
  readonly sourceContext?: unknown;
  /** Under which route the end is announced; absent: it is not. */
  readonly route?: string;
  readonly showSecrets?: boolean;
}

/** As StackStorm's API answers. */
export interface AliasAnswer {
  readonly execution: JsonObject;
  readonly actionalias: Resources["action_alias"];
  readonly message?: string;
  readonly extra?: unknown;
}

export interface AliasResult {
  readonly enabled: boolean;
  readonly message?: string;
  readonly extra?: unknown;
}

export interface Executions {
  /**
   * Resolves when the execution is durable (it may already run). Throws Invalid when the action is unknown or disabled
   * or the parameters are wrong.
   */
  request(principal: Principal, request: ExecutionRequest): Promise<Execution>;
  get(project: string, id: string): Promise<Execution | undefined>;
  list(project: string, filter: ExecutionFilter, page: Page): Promise<Listed<Execution>>;
  /** StackStorm's API object of each, in order; secrets masked unless `showSecrets`. */
  views(executions: readonly Execution[], options?: ViewOptions): Promise<JsonObject[]>;
  /** Descendants, depth first by start time. `depth` -1 is all. */
  children(project: string, id: string, depth: number): Promise<Execution[]>;
  /** Throws Conflict `Action cannot be canceled. State = <s>.` when it cannot be. Resolves when that is durable. */
  cancel(principal: Principal, id: string): Promise<Execution>;
  rerun(
    principal: Principal,
    id: string,
    overrides: {
      parameters?: JsonObject;
      delay?: number;
      user?: string;
      /** Of a workflow: goes on from these tasks in the state in which it ended, instead of from the beginning. */
      tasks?: readonly string[];
      /** Those of `tasks` whose items all run again, not only the failed ones. */
      reset?: readonly string[];
    },
  ): Promise<Execution>;
  /** `PUT /executions/<id>`: cancel, pause, resume, or set a status directly. */
  setStatus(principal: Principal, id: string, status: ExecutionStatus, result?: JsonObject): Promise<Execution>;
  /** What it printed so far. Waits for chunks that are on their way to the store. */
  output(project: string, id: string, type?: OutputType, afterSeq?: number): Promise<OutputChunk[]>;
  /** Resolves with the execution once it is completed, or as it is when `signal` aborts. */
  settled(project: string, id: string, signal?: AbortSignal): Promise<Execution>;
  values(
    project: string,
    field: "action" | "status" | "rule" | "runner" | "trigger" | "trigger_type" | "user",
  ): Promise<string[]>;
}

/** What people do with definitions of workflows. Nothing is written. */
export interface WorkflowTools {
  /** Everything that is wrong with a definition. */
  inspect(project: string, definition: string): readonly InspectionEntry[];
  /** Runs a definition with results that are given. @throws Invalid when it has problems; they are in `fields.errors` */
  rehearse(project: string, rehearsal: Rehearsal): Rehearsed;
  /** A rehearsal that does what an execution did. @throws Invalid when it is not of a workflow, has not ended, or is too large */
  record(execution: Execution): Promise<Recording>;
  /** What leads where in a definition. @throws Invalid */
  graph(definition: string): WorkflowGraph;
  /** The same of an execution, as far as it has come. @throws Invalid when it is not of a workflow */
  graphOf(execution: Execution): Promise<WorkflowGraph>;
  /** What became of the tasks of an execution and its sub-workflows, bounded. @throws Invalid when it is not of a workflow */
  tasksOf(execution: Execution): Promise<TaskTree>;
}

/** Questions that executions of the runner `inquirer` ask and wait to be answered. */
export interface Inquiries {
  /** Those that wait, oldest first. */
  list(
    project: string,
    filter: { readonly route?: string; readonly answerableBy?: Principal },
    page: Page,
  ): Promise<Listed<Inquiry>>;
  /** @throws NotFound; Invalid when it is no question, or does not wait any more */
  get(project: string, id: string): Promise<Inquiry>;
  /**
   * Answers; what waits for it goes on in the same commit. Gives the answer with its defaults, secrets masked.
   * @throws as `get`; Denied when this one may not answer; Invalid when the answer breaks the schema
   */
  respond(
    principal: Principal,
    id: string,
    response: JsonObject,
  ): Promise<{ readonly id: string; readonly response: JsonObject }>;
}

export interface ViewOptions {
  readonly showSecrets?: boolean;
  /** Leave the result out when its JSON is larger than this many bytes. */
  readonly maxResultBytes?: number;
  /** Top-level names that will be shown; others need not be built. Absent: all. */
  readonly only?: ReadonlySet<string>;
}

export interface Events {
  /**
   * Something happened. Resolves when the event, the decisions of the rules and the executions they ask for are
   * durable, all in one commit. Throws Invalid when the trigger is unknown or the payload breaks its schema.
   */
  emit(
    project: string,
    event: {
      /** ref of a trigger, or of a trigger type that takes no parameters */
      readonly trigger: string | Trigger;
      readonly payload: JsonObject;
      readonly traceTag?: string;
      readonly occurredAt?: number;
    },
  ): Promise<{ readonly event: Event; readonly executions: readonly Execution[] }>;
  get(project: string, id: string): Promise<Event | undefined>;
  list(project: string, filter: EventFilter, page: Page): Promise<Listed<Event>>;
  /** Emits the same payload again, with `__context.original_id` in it. */
  reEmit(project: string, id: string): Promise<Event>;
  enforcement(project: string, id: string): Promise<Enforcement | undefined>;
  enforcements(project: string, filter: EnforcementFilter, page: Page): Promise<Listed<Enforcement>>;
  /** Says, criterion by criterion, what holds. Nothing is written. */
  testRule(project: string, rule: Rule, payload: JsonObject): Promise<RuleTest>;
  /** Triggers of type `core.st2.webhook` whose url is this one (slashes at the ends do not count). */
  webhooks(project: string, url: string): readonly Trigger[];
}

export interface RuleTest {
  readonly matched: boolean;
  /** In the order of the rule's criteria. */
  readonly criteria: readonly CriterionTest[];
  /** The rendered action parameters, when it matched and they could be rendered. */
  readonly parameters?: JsonObject;
  readonly error?: string;
}

export interface CriterionTest {
  readonly key: string;
  readonly criterion: Criterion;
  /** The value found in the payload; undefined when nothing is there. */
  readonly value?: unknown;
  /** The pattern after rendering. */
  readonly pattern?: unknown;
  readonly held: boolean;
  /** Why it could not be decided. */
  readonly error?: string;
}

/** The processes of sensors. Their metadata are content like any other (kind `sensor_type`). */
export interface Sensors {
  /** Sorted by id: `pack.Class`, or `pack.Class@name` of a named instance. Empty when this engine runs none. */
  list(project: string): Promise<readonly SensorStatus[]>;
  /** Throws NotFound. */
  get(project: string, id: string): Promise<SensorStatus>;
  /** Starts it, or tries again at once. Throws Conflict when it is disabled. Resolves before it is set up. */
  start(project: string, id: string): Promise<SensorStatus>;
  /** Ends its process until it is started again, or the server is. Resolves when it is gone. */
  stop(project: string, id: string, user: string): Promise<SensorStatus>;
  restart(project: string, id: string): Promise<SensorStatus>;
  /** What it printed and what became of it. With `wait`, once there is something after the position or it aborts. */
  log(
    project: string,
    id: string,
    asked: { after?: number; lines?: number; bytes: number; wait?: AbortSignal },
  ): Promise<LogPart>;
  /** Ends them all, for a stop of the server: while they clean up they may still need the API. */
  close(): Promise<void>;
}

/** The datastore. */
export interface Keys {
  /** Value is plaintext when `decrypt`, else ciphertext for secret keys. */
  get(project: string, scope: KeyScope, user: string, name: string, decrypt?: boolean): Promise<Key | undefined>;
  list(project: string, filter: KeyFilter, page: Page, decrypt?: boolean): Promise<Listed<Key>>;
  /** Emits the key's triggers in the same commit. Throws Conflict when `expectVersion` no longer holds (0: must not exist). */
  set(project: string, draft: KeyDraft): Promise<Key>;
  /** Throws NotFound. */
  delete(project: string, scope: KeyScope, user: string, name: string, expectVersion?: number): Promise<void>;
}

export interface KeyDraft {
  readonly name: string;
  readonly value: string;
  readonly scope: KeyScope;
  /** Owner of a user-scoped key, "" for system keys. */
  readonly user: string;
  readonly secret?: boolean;
  /** `value` is already ciphertext of this installation; implies secret. */
  readonly encrypted?: boolean;
  /** seconds */
  readonly ttl?: number;
  readonly description?: string;
  readonly expectVersion?: number;
}

/** Who there is, and what they sign in with. */
export interface Accounts {
  /** Creates the user `admin` with a random password if there are no users; the password is returned this once. */
  bootstrap(): Promise<{ readonly user: string; readonly password: string } | undefined>;
  createUser(project: string, name: string, password: string, roles: readonly string[]): Promise<User>;
  setPassword(project: string, name: string, password: string): Promise<void>;
  users(project: string): Promise<User[]>;
  /** Checks a password and issues a token. Throws Unauthenticated, or TooMany with `fields.retryAfterSeconds`. */
  login(credentials: {
    readonly user: string;
    readonly password: string;
    /** seconds; default 86,400, which is also the most */
    readonly ttl?: number;
    /** Where the attempt came from, for the rate limit. */
    readonly origin: string;
  }): Promise<{ readonly token: Token; readonly secret: string }>;
  /** Issues a token without a password, for whoever was authenticated otherwise. */
  issueToken(
    project: string,
    user: string,
    ttl?: number,
    service?: boolean,
  ): Promise<{ readonly token: Token; readonly secret: string }>;
  revokeToken(secret: string): Promise<void>;
  /** Throws Unauthenticated with StackStorm's words. Answers from memory where it can: it is on every request's way. */
  authenticate(credentials: { readonly token?: string; readonly apiKey?: string }): Promise<Principal>;
  /** When the token ends, microseconds; for `GET /user`. */
  tokenExpiry(secret: string): Promise<number | undefined>;
  createApiKey(
    project: string,
    user: string,
    metadata: JsonObject,
  ): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  /** Takes over a key that somebody has already, by its hash. Throws Invalid for no hash of ours, Conflict for one that is here. */
  importApiKey(project: string, given: Pick<ApiKey, "user" | "metadata" | "hash" | "enabled">): Promise<ApiKey>;
  apiKeys(project: string, page: Page): Promise<Listed<ApiKey>>;
  /** By id or by the key itself. */
  apiKey(project: string, idOrKey: string): Promise<ApiKey | undefined>;
  updateApiKey(
    project: string,
    id: string,
    change: { readonly enabled?: boolean; readonly metadata?: JsonObject },
  ): Promise<ApiKey>;
  deleteApiKey(project: string, id: string): Promise<void>;
}
