import type {
  Action,
  Criterion,
  ExecutionStatus,
  JsonObject,
  OutputType,
  Parameters,
  SourcePosition,
} from "@squall/model";

/** An execution as the API shows it. Fields that are empty are left out by the server. */
export interface ApiExecution {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly action: Partial<Action> & { readonly ref: string };
  readonly start_timestamp?: string;
  readonly end_timestamp?: string;
  readonly elapsed_seconds?: number;
  readonly parameters?: JsonObject;
  readonly result?: JsonObject;
  readonly context?: JsonObject;
  readonly parent?: string;
  readonly children?: readonly string[];
  readonly log?: readonly { readonly status: string; readonly timestamp: string }[];
  readonly [more: string]: unknown;
}

/** What a command in a chat was found to mean. */
export interface ApiAliasMatch {
  readonly actionalias: ApiObject;
  readonly display: string | null;
  readonly representation: string;
}

/** An execution that a command asked for, and what is to be said at once. */
export interface ApiAliasAnswer {
  readonly execution: ApiExecution;
  readonly actionalias: ApiObject;
  readonly message?: string;
  readonly extra?: unknown;
}

export interface ApiAliasHelp {
  readonly available: number;
  readonly helpstrings: readonly { readonly pack: string; readonly display: string; readonly description?: string }[];
}

/** A question that waits for an answer. */
export interface ApiInquiry {
  /** Of the execution that waits. */
  readonly id: string;
  readonly route: string;
  /** Minutes; 0 is for ever. */
  readonly ttl: number;
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly schema: JsonObject;
}

/** One piece of live output. */
export interface ApiOutput {
  readonly id: string;
  readonly execution_id: string;
  readonly output_type: OutputType;
  readonly timestamp: string;
  readonly data: string;
  readonly [more: string]: unknown;
}

/** An action with its runner's parameters merged in. */
export type ApiActionOverview = Action & { readonly parameters: Parameters };

export interface ApiKeyValue {
  readonly name: string;
  readonly value: string;
  readonly scope: string;
  readonly user?: string;
  readonly secret?: boolean;
  readonly encrypted?: boolean;
  readonly expire_timestamp?: string;
  readonly [more: string]: unknown;
}

export interface ApiToken {
  readonly id: string;
  readonly user: string;
  readonly token: string;
  readonly expiry: string;
  readonly [more: string]: unknown;
}

export interface ApiUser {
  readonly username: string;
  readonly authentication: { readonly method: string; readonly location?: string; readonly token_expire?: string };
  readonly rbac?: { readonly enabled: boolean; readonly roles: readonly string[]; readonly is_admin: boolean };
  readonly [more: string]: unknown;
}

/** How an event and a rule met, criterion by criterion. */
export interface ApiRuleTest {
  readonly matched: boolean;
  readonly criteria: readonly ApiCriterionTest[];
  readonly parameters?: JsonObject;
  readonly error?: string;
  readonly [more: string]: unknown;
}

export interface ApiCriterionTest {
  readonly key: string;
  readonly criterion: Criterion;
  /** What the payload holds there; absent when nothing. */
  readonly value?: unknown;
  /** The pattern after rendering. */
  readonly pattern?: unknown;
  readonly held: boolean;
  readonly error?: string;
}

/** Counts by plural noun, and what was wrong. */
export interface ApiRegistration {
  readonly problems?: readonly { readonly message: string; readonly at?: SourcePosition }[];
  readonly packs?: readonly string[];
  readonly [countsAndMore: string]: unknown;
}

/** Anything the API holds, where the caller only shows it. */
export type ApiObject = JsonObject;

/** A process of a sensor: `pack.Class`, or `pack.Class@name` of a named instance. */
export interface ApiSensor {
  readonly id: string;
  readonly ref: string;
  readonly state: string;
  readonly reason?: string;
  readonly [more: string]: unknown;
}

/** A part of a sensor's log. */
export interface ApiSensorLog {
  readonly text: string;
  /** Ask for what comes after this. */
  readonly position: number;
}

/** One thing that is wrong with a workflow definition. */
export interface ApiProblem {
  readonly type: string;
  readonly message: string;
  readonly spec_path: string | null;
  readonly line?: number;
  readonly column?: number;
  readonly suggestion?: string;
}

/** What would have happened. */
export interface ApiRehearsal {
  readonly status: string;
  readonly output: JsonObject | null;
  readonly errors: readonly { readonly message: string; readonly task_id?: string }[];
  readonly path: readonly {
    readonly task: string;
    readonly item?: number;
    readonly action: string;
    readonly input: JsonObject;
    readonly delay?: number;
    readonly status: string;
  }[];
  readonly unused: readonly string[];
  /** Where it departs from what a recording expects; absent when nothing was expected. */
  readonly differences?: readonly string[];
}

/** A rehearsal made from a real run. It goes as it is to `rehearseWorkflow`, or with another definition. */
export interface ApiRecording {
  readonly recording: number;
  readonly of: { readonly execution: string; readonly action: string; readonly status: string };
  readonly definition: string;
  readonly expected: { readonly path: readonly JsonObject[] };
  /** What a rehearsal cannot do as the run did. */
  readonly notes: readonly string[];
  readonly [more: string]: unknown;
}

/** What leads where in a workflow, and of an execution how far it has come. */
export interface ApiGraph {
  readonly nodes: readonly {
    readonly id: string;
    readonly action?: string;
    readonly join?: "all" | number;
    readonly items?: boolean;
    readonly status?: string;
    readonly runs?: number;
    readonly start_timestamp?: string;
    readonly end_timestamp?: string;
    readonly total?: number;
    readonly succeeded?: number;
  }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly when?: string;
    readonly taken?: boolean;
  }[];
}

/** A task of a workflow's execution, over all its runs. */
export interface ApiTask {
  readonly task: string;
  readonly action: string;
  readonly status: string;
  readonly start_timestamp: string;
  readonly end_timestamp?: string;
  readonly runs: number;
  /** Seconds. */
  readonly delay?: number;
  readonly execution?: string;
  readonly items?: { readonly total: number; readonly counts: Readonly<Record<string, number>> };
  /** Items that failed or have not ended: the first few. */
  readonly shown?: readonly {
    readonly item: number;
    readonly execution: string;
    readonly status: string;
    readonly start_timestamp: string;
    readonly end_timestamp?: string;
  }[];
  readonly tasks?: readonly ApiTask[];
  readonly more?: number;
}

/** `GET /cluster`: the processes that share the store. */
export interface ApiCluster {
  readonly alone: boolean;
  readonly member: string;
  readonly sound: boolean;
  readonly members: readonly ApiMember[];
  readonly waiting: { readonly inline: number; readonly process: number };
  readonly limit: number;
  readonly bus: Readonly<Record<string, unknown>> & { readonly ok: boolean };
}

export interface ApiMember {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly url?: string;
  readonly started: string;
  readonly seen: string;
  readonly slots: { readonly inline: number; readonly process: number };
  readonly running: number;
  readonly shards: number;
  readonly sensors: number;
}
