import type {
  ApiKey,
  Enforcement,
  Event,
  Execution,
  Key,
  Member,
  Snapshot,
  TimerState,
  Token,
  User,
} from "@squall/model";
import type { Change, ExecutionMove, StoredResource } from "../changes.ts";
import type { Claim } from "../port.ts";

/** A moment that the samples count from, microseconds. */
export const T0 = 1_750_000_000_000_000;

/** The nth id: 24 hex digits that sort by n. */
export function anId(n: number): string {
  return n.toString(16).padStart(24, "0");
}

export function anExecution(n: number, given: Partial<Execution> = {}): Execution {
  const at = T0 + n;
  return {
    id: anId(n),
    project: "default",
    liveaction: anId(n + 1_000_000),
    status: "requested",
    action: "core.noop",
    runner: "noop",
    lane: "inline",
    snapshot: "digest-of-a-snapshot",
    parameters: { n },
    context: { user: "stanley" },
    user: "stanley",
    created: at,
    due: at,
    start: at,
    log: [{ status: "requested", timestamp: at }],
    ...given,
  };
}

/** Every optional field is set, and texts hold what texts may hold. */
export function aFullExecution(n: number): Execution {
  return anExecution(n, {
    status: "running",
    parent: anId(9_000_001),
    rule: "examples.rule",
    trigger: "core.trigger",
    trigger_type: "core.st2.webhook",
    trigger_instance: anId(9_000_002),
    notify: { "on-complete": { message: "done", routes: ["chat"] } },
    callback: { source: "workflow", url: "x" },
    delay: 250,
    where: { site: "edge", gpu: "a100/80" },
    priority: -7,
    end: T0 + 5,
    parameters: { text: 'quote " newline \n nul \u0000 ünïcode 🦑', nested: { list: [1, 2.5, null, true, { a: [] }] } },
    context: { trace_context: { trace_tag: "t" }, empty: {} },
    result: { stdout: "ok", exit_code: 0, big: 9_007_199_254_740_991 },
    lease: { worker: "worker-1" },
    log: [
      { status: "requested", timestamp: T0 },
      { status: "running", timestamp: T0 + 1 },
    ],
  });
}

export function aMember(id: string, given: Partial<Member> = {}): Member {
  return {
    id,
    host: "a-host",
    pid: 4711,
    roles: ["engine", "worker"],
    labels: { site: "edge" },
    version: "1.2.3",
    started: T0,
    slots: { inline: 64, process: 2 },
    state: { running: 0 },
    ...given,
  };
}

export function insert(...executions: Execution[]): Change[] {
  return executions.map((execution) => ({ kind: "execution.insert", execution }));
}

/** Of all that the samples have waiting, unless told otherwise. */
export function aClaim(given: Partial<Claim> = {}): Claim {
  const now = T0 + 1_000_000;
  return { lane: "inline", limit: 100, worker: "w", labels: {}, now, ...given };
}

export function aMove(n: number, given: Partial<ExecutionMove> & Pick<ExecutionMove, "from" | "to">): ExecutionMove {
  return { kind: "execution.move", project: "default", id: anId(n), at: T0 + 1_000_000, ...given };
}

export function anEvent(n: number, given: Partial<Event> = {}): Event {
  return {
    id: anId(n),
    project: "default",
    trigger: "core.trigger",
    trigger_type: "core.st2.webhook",
    payload: { n },
    occurrence_time: T0 + n,
    status: "processed",
    ...given,
  };
}

export function anEnforcement(n: number, given: Partial<Enforcement> = {}): Enforcement {
  return {
    id: anId(n),
    project: "default",
    rule: { id: anId(7_000_001), ref: "examples.rule", uid: "rule:examples:rule" },
    trigger_instance: anId(n + 2_000_000),
    enforced_at: T0 + n,
    status: "succeeded",
    ...given,
  };
}

export function aKey(name: string, given: Partial<Key> = {}): Key {
  return {
    id: anId(1),
    project: "default",
    scope: "st2kv.system",
    user: "",
    name,
    value: "a value",
    secret: false,
    version: 1,
    updated: T0,
    ...given,
  };
}

export function aTimer(trigger: string, given: Partial<TimerState> = {}): TimerState {
  return { project: "default", trigger, last: T0, next: T0 + 1, version: 1, ...given };
}

export function aUser(name: string, given: Partial<User> = {}): User {
  return { id: `id-of-${name}`, project: "default", name, roles: ["admin"], enabled: true, created: T0, ...given };
}

export function aToken(hash: string, given: Partial<Token> = {}): Token {
  return {
    id: `id-of-${hash}`,
    project: "default",
    user: "stanley",
    hash,
    expires: T0 + 100,
    metadata: { origin: "test" },
    service: false,
    ...given,
  };
}

export function anApiKey(n: number, given: Partial<ApiKey> = {}): ApiKey {
  return {
    id: anId(n),
    project: "default",
    user: "stanley",
    hash: `hash-${n}`,
    metadata: { n },
    enabled: true,
    created: T0 + n,
    ...given,
  };
}

export function anAction(name: string, given: { id?: string; project?: string; description?: string } = {}) {
  const id = given.id ?? `id-of-${name}`;
  const ref = `examples.${name}`;
  return {
    project: given.project ?? "default",
    kind: "action",
    id,
    ref,
    pack: "examples",
    name,
    version: 0,
    body: {
      id,
      uid: `action:examples:${name}`,
      ref,
      name,
      pack: "examples",
      description: given.description ?? "An action",
      enabled: true,
      runner_type: "noop",
      entry_point: "",
      parameters: {},
    },
  } satisfies StoredResource;
}

export function aSnapshot(description: string): Snapshot {
  return {
    action: anAction("frozen", { description }).body,
    runner: {
      id: anId(5),
      uid: "runner_type:noop",
      name: "noop",
      description: "Does nothing",
      enabled: true,
      runner_package: "noop",
      runner_module: "noop",
      runner_parameters: {},
    },
  };
}
