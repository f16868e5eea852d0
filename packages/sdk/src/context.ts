import { createDatastore, type Datastore } from "./datastore.ts";
import { createLog, type Log, type LogLevel } from "./log.ts";

/** What an action may use besides its parameters. */
export interface ActionContext<C = Record<string, unknown>> {
  /** The pack's configuration, with defaults, secrets in clear. */
  readonly config: C;
  /** Writes to stderr, which is kept with the execution. */
  readonly log: Log;
  readonly datastore: Datastore;
  readonly execution: {
    readonly id: string;
    /** `pack.action` */
    readonly action: string;
    readonly pack: string;
    readonly user: string;
    /** What it belongs to: the parent, the trigger that made the rule run it. */
    readonly context: Readonly<Record<string, unknown>>;
  };
  /** Aborted when the execution is canceled or out of time; the process is killed a few seconds later. */
  readonly signal: AbortSignal;
  /**
   * `fetch` on Squall's API as this execution: `await api("/executions", { method: "POST", body: ... })`. Answers of 400
   * and above are for the caller to look at.
   */
  api(path: string, init?: RequestInit): Promise<Response>;
}

/** What the context of one execution is made from. */
export interface ExecutionFacts {
  readonly execution: ActionContext["execution"];
  /** The action's name without its pack. */
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly logLevel: LogLevel;
  /** The API with `/v1`. */
  readonly apiUrl: string;
  readonly token: string;
  readonly signal: AbortSignal;
  /** Takes log lines, each with its newline. */
  readonly write: (line: string) => void;
}

/** For the runner, and for tests of actions. */
export function createContext(facts: ExecutionFacts): ActionContext {
  const api = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (facts.token !== "") headers.set("X-Auth-Token", facts.token);
    return fetch(facts.apiUrl.replace(/\/$/, "") + path, { ...init, headers });
  };
  return {
    config: facts.config,
    log: createLog(`actions.node.${facts.name}`, facts.logLevel, facts.write),
    datastore: createDatastore(api, `${facts.execution.pack}.${facts.name}`),
    execution: facts.execution,
    signal: facts.signal,
    api,
  };
}
