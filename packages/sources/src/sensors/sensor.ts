import type { JsonObject, Micros, Trigger } from "@squall/model";
import type { Environment, PythonSettings } from "@squall/processes";

/** One process that should run: a sensor of a pack, or one of its named instances. */
export interface SensorInstance {
  readonly project: string;
  /** `pack.Class`, or `pack.Class@name` of a named instance. */
  readonly id: string;
  /** Of the sensor: `pack.Class`. */
  readonly ref: string;
  /** Absent for the sensor itself. */
  readonly name?: string;
  readonly pack: string;
  readonly className: string;
  readonly packPath: string;
  /** Absolute path of the Python file. */
  readonly file: string;
  readonly triggerTypes: readonly string[];
  /** Seconds; absent for passive sensors. */
  readonly pollInterval?: number;
  readonly enabled: boolean;
  /** Differs whenever a running process has to be replaced: other code, other configuration. */
  readonly version: string;
}

/**
 * - `starting`: its process is started or sets itself up.
 * - `backing-off`: it ended though it should not, and is started again soon.
 * - `failed`: it did not get as far as running; it is tried again, but probably somebody has to do something.
 * - `stopped`: it ended by itself, or somebody stopped it; nothing starts it again but a command or a restart of the server.
 */
export type SensorState = "disabled" | "stopped" | "starting" | "running" | "stopping" | "backing-off" | "failed";

export interface SensorStatus {
  readonly instance: SensorInstance;
  readonly state: SensorState;
  /** When it got into this state. */
  readonly since: Micros;
  /** Why it is in this state, in words for people; absent where the state says it all. */
  readonly reason?: string;
  readonly pid?: number;
  readonly startedAt?: Micros;
  /** How often its process was started again after it had ended though it should not. */
  readonly restarts: number;
  readonly lastError?: { readonly message: string; readonly at: Micros };
  readonly lastExit?: { readonly code: number; readonly at: Micros };
  /** When it is started again. */
  readonly nextAttempt?: Micros;
  /** Events that are durable, since the server started. */
  readonly events: number;
  /** Events that were refused: unknown trigger, payload against the schema, no JSON. */
  readonly refused: number;
  /** It dispatches more than it may and is made to wait. */
  readonly throttled: boolean;
}

/** What a sensor says happened. */
export interface SensorEvent {
  /** A ref, or what of a trigger says which one it is. */
  readonly trigger: string | JsonObject;
  readonly payload: JsonObject;
  readonly traceTag?: string;
}

export interface SensorLimits {
  /** Events a second that one sensor may dispatch for long; above it, dispatching waits. */
  readonly eventsPerSecond: number;
  /** Events it may dispatch at once after a quiet time. */
  readonly eventBurst: number;
  /** Bytes of one event with its payload, as JSON. */
  readonly eventBytes: number;
  /** Bytes that a sensor's log takes on disk, both files together. */
  readonly logBytes: number;
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number;
}

export const SENSOR_LIMITS: SensorLimits = {
  // A tenth of what a small machine does in all, so that one sensor leaves room for the others.
  eventsPerSecond: 200,
  eventBurst: 2_000,
  // As large as a webhook's body.
  eventBytes: 5 * 1024 * 1024,
  logBytes: 2 * 1024 * 1024,
  graceMs: 5_000,
};

/** What the operator decides about sensors. */
export interface SensorSettings {
  readonly python: PythonSettings;
  /** What of the service's environment sensors see. */
  readonly environment: Environment;
  /** The folder of the sensors' logs. */
  readonly logs: string;
  /** The folder with `<pack>.yaml` configurations, for messages that say where a key belongs. */
  readonly configs: string;
  readonly limits?: Partial<SensorLimits>;
}

/** What is known only when a process starts. */
export interface SensorStart {
  readonly config: JsonObject;
  /** Added to the settings' environment: where the API is, and the credentials. */
  readonly environment: Readonly<Record<string, string>>;
  /** The process has ended: its credentials are worth nothing any more. */
  release(): void;
}

/** What happened to a process, for whoever wants to know. */
export type SensorNews =
  | { readonly kind: "spawn"; readonly pid: number; readonly command: string }
  | { readonly kind: "exit"; readonly code: number };

export interface SensorDeps {
  /** Where its code is on this machine. Absent: where the instance says. Throws like `prepare`. */
  locate?(instance: SensorInstance): Promise<Pick<SensorInstance, "packPath" | "file">>;
  /** Throws, with words for people, when the sensor cannot be started now; it is tried again then. */
  prepare(instance: SensorInstance): Promise<SensorStart>;
  /**
   * Resolves when the event is durable. Throws Invalid, NotFound or Conflict when it never can be; TooMany and
   * Unavailable when it may be later, and then it is tried again.
   */
  emit(instance: SensorInstance, event: SensorEvent): Promise<void>;
  /** Its process began or ended. Never rejects. */
  tell(instance: SensorInstance, news: SensorNews): Promise<void>;
  /** Marks the processes of an instance, unique on the machine, the same after a restart of the server. */
  markOf(project: string, id: string): string;
  now(): Micros;
  /** 0 to 1, for the jitter of restarts. */
  random(): number;
  readonly settings: SensorSettings;
  readonly log: {
    info(fields: JsonObject, message: string): void;
    warn(fields: JsonObject, message: string): void;
    error(fields: JsonObject, message: string): void;
  };
}

/** A trigger as sensors get it. */
export function triggerForSensor(trigger: Trigger): JsonObject {
  const { id, uid, ref, name, pack, type, parameters, description } = trigger;
  return { id, uid, ref, name, pack, type, parameters, description: description ?? null };
}
