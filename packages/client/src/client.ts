import type { JsonObject } from "@squall/model";
import type {
  ApiActionOverview,
  ApiAliasAnswer,
  ApiAliasHelp,
  ApiAliasMatch,
  ApiCluster,
  ApiExecution,
  ApiKeyValue,
  ApiObject,
  ApiOutput,
  ApiGraph,
  ApiInquiry,
  ApiProblem,
  ApiRecording,
  ApiRegistration,
  ApiRehearsal,
  ApiRuleTest,
  ApiSensor,
  ApiSensorLog,
  ApiTask,
  ApiToken,
  ApiUser,
} from "./api-objects.ts";
import { ClientError } from "./client-error.ts";
import { openStream, type StreamEvent, type StreamOptions } from "./event-stream.ts";
import { type Call, type ClientOptions, createTransport, type Query, type Transport } from "./transport.ts";

export interface Listed<T> {
  readonly items: readonly T[];
  /** How many there are without paging; absent when the server does not say. */
  readonly total?: number;
}

/** What the kinds of content have in common. `ref` is a ref, name or id. */
export interface Collection<T = ApiObject> {
  list(query?: Query): Promise<Listed<T>>;
  get(ref: string, query?: Query): Promise<T>;
  create(draft: JsonObject): Promise<T>;
  update(ref: string, whole: JsonObject): Promise<T>;
  delete(ref: string, body?: JsonObject): Promise<void>;
}

export interface ExecutionRequest {
  readonly action: string;
  readonly parameters?: JsonObject;
  readonly user?: string;
  readonly context?: JsonObject;
  /** Milliseconds before it may start. */
  readonly delay?: number;
  /** Labels that its worker must have; absent: those of the action. */
  readonly where?: Readonly<Record<string, string>>;
  readonly priority?: number;
}

export interface Executions {
  list(query?: Query): Promise<Listed<ApiExecution>>;
  /** `last` is an id too. */
  get(id: string, query?: Query): Promise<ApiExecution>;
  create(request: ExecutionRequest): Promise<ApiExecution>;
  /** Asks for the end of it. Throws ClientError `conflict` when it cannot be canceled any more. */
  cancel(id: string): Promise<ApiExecution>;
  /** Asks a workflow to pause (`pausing`) or to go on (`resuming`). */
  setStatus(id: string, status: "pausing" | "resuming"): Promise<ApiExecution>;
  /** `tasks`: a workflow goes on from these; of those in `reset` all items run again. */
  rerun(
    id: string,
    changes?: { parameters?: JsonObject; delay?: number; user?: string; tasks?: string[]; reset?: string[] },
  ): Promise<ApiExecution>;
  children(id: string, query?: Query): Promise<Listed<ApiExecution>>;
  /** The tasks of a workflow's execution, with those of its sub-workflows. */
  tasks(id: string): Promise<{ readonly tasks: readonly ApiTask[]; readonly more?: number }>;
  /** What it has printed so far. */
  output(id: string, type?: "all" | "stdout" | "stderr" | "output", signal?: AbortSignal): Promise<string>;
  /** Everything it has printed, from the beginning, then what it prints, until it is completed. */
  outputEvents(id: string, signal?: AbortSignal): AsyncIterable<ApiOutput>;
}

/** Questions that wait for an answer. */
export interface InquiryCalls {
  list(query?: Query): Promise<Listed<ApiInquiry>>;
  get(id: string): Promise<ApiInquiry>;
  respond(id: string, response: JsonObject): Promise<{ readonly id: string; readonly response: JsonObject }>;
}

/** The processes of sensors; `Client.sensors` is their metadata. */
export interface SensorProcesses {
  list(query?: Query): Promise<Listed<ApiSensor>>;
  get(id: string): Promise<ApiSensor>;
  start(id: string): Promise<ApiSensor>;
  /** Resolves when the process is gone. */
  stop(id: string): Promise<ApiSensor>;
  restart(id: string): Promise<ApiSensor>;
  /** With `wait` (seconds) and `after`, once there is something after that position. */
  log(
    id: string,
    query?: { readonly lines?: number; readonly after?: number; readonly wait?: number },
    signal?: AbortSignal,
  ): Promise<ApiSensorLog>;
}

/** Which of the many events of a server to hear. */
export interface StreamQuery {
  /** Names or patterns, e.g. `st2.execution__*`; the server's default is all of executions and announcements. */
  readonly events?: readonly string[];
  readonly action_refs?: readonly string[];
  readonly execution_ids?: readonly string[];
  /** The server ends the stream after this event once `end_execution_id` is completed. */
  readonly end_event?: string;
  readonly end_execution_id?: string;
}

export interface Client {
  /** The address it speaks to, without `/v1`. */
  readonly url: string;
  readonly actions: Collection;
  readonly rules: Collection;
  readonly ruleEnforcements: Collection;
  readonly triggerTypes: Collection;
  readonly triggerInstances: Collection;
  readonly webhooks: Collection;
  readonly timers: Collection;
  readonly packs: Collection;
  readonly apiKeys: Collection;
  readonly runners: Collection;
  readonly sensors: Collection;
  readonly policies: Collection;
  readonly aliases: Collection;
  readonly sensorProcesses: SensorProcesses;
  /** The processes that share the store, and how much waits. */
  cluster(): Promise<ApiCluster>;
  readonly executions: Executions;
  readonly inquiries: InquiryCalls;
  /** An action with its runner's parameters merged in. */
  actionOverview(ref: string): Promise<ApiActionOverview>;
  /** Says, criterion by criterion, what holds for an event (by id) or a payload. Nothing is written. */
  testRule(request: {
    rule: string | JsonObject;
    trigger_instance?: string;
    payload?: JsonObject;
  }): Promise<ApiRuleTest>;
  reEmit(triggerInstance: string): Promise<ApiObject>;
  /** The alias that a command in a chat is meant for. Throws ClientError `invalid` when none is, or more than one. */
  matchAlias(command: string): Promise<ApiAliasMatch>;
  /** Runs what a command says: once, or for each occurrence of the format where the alias allows that. */
  executeCommand(command: {
    readonly command: string;
    readonly user?: string;
    readonly source_channel: string;
    readonly notification_route?: string;
  }): Promise<readonly ApiAliasAnswer[]>;
  aliasHelp(query?: Query): Promise<ApiAliasHelp>;
  /** Posts to a hook, as a sender outside would. The body goes out byte for byte. */
  sendWebhook(
    url: string,
    body: string | Uint8Array,
    type: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown>;
  /** Everything wrong with a workflow definition (YAML). */
  inspectWorkflow(definition: string): Promise<readonly ApiProblem[]>;
  /** Takes a definition through with given task results; nothing runs. */
  rehearseWorkflow(rehearsal: {
    readonly definition: string;
    readonly inputs?: ApiObject;
    readonly mocks?: ApiObject;
    readonly keys?: Readonly<Record<string, string>>;
    /** What a recording holds beside these. */
    readonly [more: string]: unknown;
  }): Promise<ApiRehearsal>;
  /** Makes a rehearsal from a workflow's execution that has ended; secrets are replaced. */
  recordWorkflow(execution: string): Promise<ApiRecording>;
  /** What leads where: in a definition, or in an execution with its statuses. */
  workflowGraph(of: { readonly definition: string } | { readonly execution: string }): Promise<ApiGraph>;
  registerPacks(request: {
    paths?: readonly string[];
    packs?: readonly string[];
    types?: readonly string[];
    fail_on_failure?: boolean;
  }): Promise<ApiRegistration>;
  /** Starts the installation of packs: names, URLs, or paths of the server as `file:///`. For administrators. */
  installPacks(request: {
    readonly packs: readonly string[];
    readonly force?: boolean;
    readonly skip_dependencies?: boolean;
  }): Promise<{ readonly execution_id: string }>;
  /** Puts the pack in an archive among the installed ones; `register: false` takes over nothing of it yet. */
  installArchive(
    archive: ReadableStream<Uint8Array>,
    options?: { readonly force?: boolean; readonly register?: boolean },
  ): Promise<ApiObject>;
  /** Starts the removal of packs, with all they brought. For administrators. */
  removePacks(names: readonly string[]): Promise<{ readonly execution_id: string }>;
  /** Packs of the indexes with this text in them. */
  searchPacks(query: string): Promise<readonly ApiObject[]>;
  /** The pack of this name in the indexes. */
  packInIndex(name: string): Promise<ApiObject | undefined>;
  listKeys(query?: Query): Promise<Listed<ApiKeyValue>>;
  getKey(name: string, query?: Query): Promise<ApiKeyValue>;
  setKey(name: string, draft: JsonObject): Promise<ApiKeyValue>;
  deleteKey(name: string, query?: Query): Promise<void>;
  /** Issues a token for a name and password. */
  login(user: string, password: string, ttlSeconds?: number): Promise<ApiToken>;
  /** Ends the token that this client signs in with. */
  logout(): Promise<void>;
  whoami(): Promise<ApiUser>;
  stream(query: StreamQuery, options?: StreamOptions): AsyncIterable<StreamEvent>;
  /** Any other call of the API: `path` begins with a slash and has no `/v1`. */
  call(path: string, call?: Call): Promise<unknown>;
}

/**
 * A client of Squall's API. Nothing is sent before the first call. Every function throws `ClientError`, or the reason of
 * the `signal` that ended it.
 *
 * @example
 * const squall = createClient({ url: "http://127.0.0.1:9101", apiKey });
 * const execution = await squall.executions.create({ action: "core.local", parameters: { cmd: "date" } });
 */
export function createClient(options: ClientOptions = {}): Client {
  const transport = createTransport(options);
  const collection = <T = ApiObject>(path: string): Collection<T> => collectionOf<T>(transport, path);
  const object = async <T>(path: string, call?: Call): Promise<T> => (await transport.json(path, call)).value as T;

  return {
    url: transport.url,
    actions: collection("/actions"),
    rules: collection("/rules"),
    ruleEnforcements: collection("/ruleenforcements"),
    triggerTypes: collection("/triggertypes"),
    triggerInstances: collection("/triggerinstances"),
    // A hook's url may hold slashes, and they are part of the path.
    webhooks: collectionOf(transport, "/webhooks", pathOfHook),
    timers: collection("/timers"),
    packs: collection("/packs"),
    apiKeys: collection("/apikeys"),
    runners: collection("/runnertypes"),
    sensors: collection("/sensortypes"),
    policies: collection("/policies"),
    aliases: collection("/actionalias"),
    sensorProcesses: sensorProcessesOf(transport),
    cluster: () => object("/cluster"),
    executions: executionsOf(transport),
    inquiries: {
      list: (query) => listOf(transport, "/inquiries", query),
      get: (id) => object(`/inquiries/${encodeURIComponent(id)}`),
      respond: (id, response) =>
        object(`/inquiries/${encodeURIComponent(id)}`, { method: "PUT", body: { id, response } }),
    },
    actionOverview: (ref) => object(`/actions/views/overview/${encodeURIComponent(ref)}`),
    testRule: ({ rule, ...event }) =>
      typeof rule === "string"
        ? object(`/rules/${encodeURIComponent(rule)}/test`, { method: "POST", body: event })
        : object("/rules/test", { method: "POST", body: { rule, ...event } }),
    reEmit: (id) => object(`/triggerinstances/${encodeURIComponent(id)}/re_emit`, { method: "POST", body: {} }),
    matchAlias: (command) => object("/actionalias/match", { method: "POST", body: { command } }),
    executeCommand: async (command) =>
      (
        await object<{ results: ApiAliasAnswer[] }>("/aliasexecution/match_and_execute", {
          method: "POST",
          body: { user: "", ...command },
        })
      ).results,
    aliasHelp: (query) => object("/actionalias/help", query ? { query } : {}),
    sendWebhook: (url, body, type, headers) =>
      object(`/webhooks/${pathOfHook(url)}`, {
        method: "POST",
        raw: { body, type },
        ...(headers ? { headers } : {}),
      }),
    inspectWorkflow: (definition) =>
      object("/workflows/inspect", { method: "POST", raw: { body: definition, type: "text/plain" } }),
    rehearseWorkflow: (rehearsal) => object("/workflows/rehearse", { method: "POST", body: rehearsal }),
    recordWorkflow: (execution) => object(`/executions/${encodeURIComponent(execution)}/recording`),
    workflowGraph: (of) =>
      "execution" in of
        ? object(`/executions/${encodeURIComponent(of.execution)}/graph`)
        : object("/workflows/graph", { method: "POST", raw: { body: of.definition, type: "text/plain" } }),
    // Reading a big pack takes its time, and the answer says what is wrong with it, so it is worth waiting for.
    registerPacks: (request) => object("/packs/register", { method: "POST", body: request, timeoutMs: 300_000 }),
    installPacks: (request) => object("/packs/install", { method: "POST", body: request }),
    installArchive: (archive, query = {}) =>
      object("/packs/archive", {
        method: "POST",
        query,
        raw: { body: archive, type: "application/gzip" },
        // As long as it takes to send a large pack over a slow line.
        timeoutMs: 0,
      }),
    searchPacks: (query) => object("/packs/index/search", { method: "POST", body: { query } }),
    async packInIndex(name) {
      const found = await object<ApiObject | []>("/packs/index/search", { method: "POST", body: { pack: name } });
      return Array.isArray(found) ? undefined : found;
    },
    removePacks: (packs) => object("/packs/uninstall", { method: "POST", body: { packs } }),
    listKeys: (query) => listOf(transport, "/keys", query),
    getKey: (name, query) => object(`/keys/${encodeURIComponent(name)}`, query ? { query } : {}),
    setKey: (name, draft) => object(`/keys/${encodeURIComponent(name)}`, { method: "PUT", body: draft }),
    async deleteKey(name, query) {
      await transport.text(`/keys/${encodeURIComponent(name)}`, { method: "DELETE", ...(query ? { query } : {}) });
    },
    login: (user, password, ttlSeconds) =>
      object("/tokens", {
        method: "POST",
        service: "auth",
        body: ttlSeconds === undefined ? {} : { ttl: ttlSeconds },
        headers: { authorization: `Basic ${base64(`${user}:${password}`)}` },
      }),
    async logout() {
      await transport.text("/tokens/current", { method: "DELETE", service: "auth" });
    },
    whoami: () => object("/user"),
    stream: (query, streamOptions) =>
      openStream(transport, "/stream", { ...query }, withSignal(options, streamOptions)),
    call: (path, call) => object(path, call),
  };
}

function pathOfHook(url: string): string {
  return url
    .replace(/^\/+|\/+$/g, "")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
}

function collectionOf<T>(
  transport: Transport,
  path: string,
  pathOf: (ref: string) => string = encodeURIComponent,
): Collection<T> {
  const one = (ref: string): string => `${path}/${pathOf(ref)}`;
  // The casts: the server's objects are trusted to be what its own schemas made; the CLI only shows them.
  return {
    list: (query) => listOf<T>(transport, path, query),
    get: async (ref, query) => (await transport.json(one(ref), query ? { query } : {})).value as T,
    create: async (draft) => (await transport.json(path, { method: "POST", body: draft })).value as T,
    update: async (ref, whole) => (await transport.json(one(ref), { method: "PUT", body: whole })).value as T,
    async delete(ref, body) {
      await transport.text(one(ref), { method: "DELETE", ...(body ? { body } : {}) });
    },
  };
}

function executionsOf(transport: Transport): Executions {
  const one = (id: string): string => `/executions/${encodeURIComponent(id)}`;
  const object = async (path: string, call?: Call): Promise<ApiExecution> =>
    (await transport.json(path, call)).value as ApiExecution;
  return {
    list: (query) => listOf(transport, "/executions", query),
    get: (id, query) => object(one(id), query ? { query } : {}),
    create: (request) => object("/executions", { method: "POST", body: request }),
    async cancel(id) {
      const answer = await object(one(id), { method: "DELETE" });
      // StackStorm answers 200 with a faultstring when there is nothing left to cancel.
      if (typeof answer.faultstring === "string") {
        throw new ClientError("conflict", {
          message: answer.faultstring,
          faultstring: answer.faultstring,
          status: 200,
        });
      }
      return answer;
    },
    rerun: (id, changes = {}) => object(`${one(id)}/re_run`, { method: "POST", body: { parameters: {}, ...changes } }),
    setStatus: (id, status) => object(one(id), { method: "PUT", body: { status } }),
    children: (id, query) => listOf(transport, `${one(id)}/children`, query),
    tasks: async (id) => (await transport.json(`${one(id)}/tasks`)).value as Awaited<ReturnType<Executions["tasks"]>>,
    output: (id, type = "all", signal) =>
      transport.text(`${one(id)}/output`, { query: { output_type: type }, ...(signal ? { signal } : {}) }),
    async *outputEvents(id, signal) {
      for await (const { event, data } of openStream(transport, `${one(id)}/output`, {}, signal ? { signal } : {})) {
        if (event === "EOF") return;
        if (event === "st2.execution.output__create") yield data as ApiOutput;
      }
      // The server says EOF when all is said; without it the connection broke in a way that looks like an end.
      if (!signal?.aborted) throw new ClientError("unreachable", { message: "the output stream ended early" });
    },
  };
}

/** Stopping waits for a sensor that takes its time to clean up. */
const STOP_TIMEOUT_MS = 60_000;

function sensorProcessesOf(transport: Transport): SensorProcesses {
  const one = (id: string): string => `/sensors/${encodeURIComponent(id)}`;
  const order = async (id: string, verb: string): Promise<ApiSensor> =>
    (await transport.json(`${one(id)}/${verb}`, { method: "POST", timeoutMs: STOP_TIMEOUT_MS })).value as ApiSensor;
  return {
    list: (query) => listOf(transport, "/sensors", query),
    get: async (id) => (await transport.json(one(id))).value as ApiSensor,
    start: (id) => order(id, "start"),
    stop: (id) => order(id, "stop"),
    restart: (id) => order(id, "restart"),
    async log(id, query = {}, signal) {
      const answer = await transport.open(`${one(id)}/log`, {
        query,
        ...(signal ? { signal } : {}),
        timeoutMs: 60_000,
      });
      return { text: await answer.text(), position: Number(answer.headers.get("x-log-position")) };
    },
  };
}

async function listOf<T>(transport: Transport, path: string, query: Query | undefined): Promise<Listed<T>> {
  const { value, headers } = await transport.json(path, query ? { query } : {});
  if (!Array.isArray(value)) {
    throw new ClientError("protocol", {
      message: `${transport.url} does not answer as Squall does: ${path} is no list`,
      hint: "check that the address (--url or SQUALL_URL) is that of Squall's API",
    });
  }
  const total = headers.get("x-total-count");
  return { items: value as T[], ...(total === null ? {} : { total: Number(total) }) };
}

function withSignal(options: ClientOptions, streamOptions: StreamOptions | undefined): StreamOptions {
  const signals = [options.signal, streamOptions?.signal].filter((signal) => signal !== undefined);
  return signals.length === 0 ? { ...streamOptions } : { ...streamOptions, signal: AbortSignal.any(signals) };
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
