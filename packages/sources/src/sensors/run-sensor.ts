import { type JsonObject, messageOf, type Trigger } from "@squall/model";
import {
  findInterpreter,
  interpreterEnvironment,
  type ProcessTable,
  startStaying,
  type StayingProcess,
  withPythonCure,
} from "@squall/processes";
import { join } from "node:path";
import type { Dispatching } from "./dispatching.ts";
import { createMessageLine, type MessageLine } from "./message-line.ts";
import { logPrinted } from "./printed.ts";
import { type SensorDeps, type SensorInstance, type SensorLimits, triggerForSensor } from "./sensor.ts";
import type { SensorLog } from "./sensor-log.ts";

/** How one process of a sensor went. */
export interface SensorRun {
  readonly code: number;
  /** It came as far as its run(). */
  readonly wasReady: boolean;
  /** What it said went wrong, with the stage it was in. */
  readonly error?: string;
  /** Milliseconds between ready and the end. */
  readonly upMs: number;
}

export interface RunningSensor {
  readonly pid: number;
  /** Says that a trigger of its types came, changed or went. */
  tell(change: "add" | "update" | "remove", trigger: Trigger): void;
}

/** Dispatches under way beyond which no more is read: a process can write to its channel without our wrapper. */
const MOST_IN_FLIGHT = 64;
/** Longer than an event is what surrounds it in its message. */
const MESSAGE_MARGIN = 4_096;

/**
 * Runs the process of a sensor (python/st2reactor/container/sensor_wrapper.py) and serves it until it ends. When the
 * signal aborts it is stopped. Throws, with words for people, when it cannot be started.
 */
export async function runSensor(
  deps: SensorDeps,
  about: {
    readonly instance: SensorInstance;
    readonly limits: SensorLimits;
    readonly table: ProcessTable;
    readonly log: SensorLog;
    readonly dispatching: Dispatching;
    readonly triggers: () => readonly Trigger[];
    /** The process is there; what is told from now on comes after its start. */
    readonly onStarted: (running: RunningSensor) => void;
    readonly onReady: () => void;
  },
  signal: AbortSignal,
): Promise<SensorRun> {
  const { limits, log } = about;
  const { settings } = deps;
  const instance = { ...about.instance, ...(await deps.locate?.(about.instance)) };
  // A virtualenv that is missing is built now, which may take minutes.
  const interpreter = await findInterpreter(settings.python, instance.pack, instance.packPath, {
    signal,
    onProgress: (text) => log.write("squall", text),
  });
  const start = await deps.prepare(instance);
  let child: StayingProcess;
  const wrapper = join(settings.python.pythonPath, "st2reactor", "container", "sensor_wrapper.py");
  try {
    signal.throwIfAborted();
    const environment = { ...settings.environment, PYTHONIOENCODING: "utf-8", ...start.environment };
    child = await startStaying({
      file: interpreter.file,
      args: ["-u", wrapper],
      cwd: instance.packPath,
      environment: {
        ...environment,
        ...interpreterEnvironment(settings.python, interpreter, instance.packPath, settings.environment.PATH),
      },
      mark: deps.markOf(instance.project, instance.id),
      graceMs: limits.graceMs,
      table: about.table,
    });
  } catch (thrown) {
    start.release();
    if (signal.aborted) throw thrown;
    throw new Error(withPythonCure(messageOf(thrown), interpreter), { cause: thrown });
  }
  const lastPrinted = logPrinted({ out: child.stdout, err: child.stderr }, log);
  const over = new AbortController();
  let readyAt: number | undefined;
  let error: string | undefined;
  let inFlight = 0;

  const dispatch = async (message: JsonObject): Promise<void> => {
    if (++inFlight >= MOST_IN_FLIGHT) line.pause();
    try {
      const refusal = await about.dispatching.take(instance, message, over.signal);
      line.send({ kind: "answer", id: message.id ?? null, error: refusal ?? null });
    } catch (thrown) {
      // It ended while an event of it waited; then nobody hears the answer.
      if (!over.signal.aborted) throw thrown;
    } finally {
      if (--inFlight < MOST_IN_FLIGHT) line.resume();
    }
  };

  const line: MessageLine = createMessageLine(child.channel, limits.eventBytes + MESSAGE_MARGIN, {
    message(message) {
      switch (message.kind) {
        case "ready":
          if (readyAt !== undefined) return;
          readyAt = performance.now();
          about.onReady();
          return;
        case "dispatch":
          void dispatch(message);
          return;
        case "refused":
          about.dispatching.refused();
          return;
        case "failed":
          error = `${String(message.error)} (in ${String(message.stage)})`;
          return;
        default:
          log.write("squall", `it sent a message that nobody knows: ${String(message.kind).slice(0, 100)}`);
      }
    },
    nonsense(what, isFatal) {
      log.write("squall", `it sent ${what} on its channel`);
      if (!isFatal) return;
      error = `it sent ${what} on its channel`;
      void child.stop();
    },
  });
  line.send({
    kind: "start",
    pack: instance.pack,
    class_name: instance.className,
    instance: instance.name ?? null,
    file: instance.file,
    config: start.config,
    config_path: join(settings.configs, `${instance.pack}.yaml`),
    poll_interval: instance.pollInterval ?? null,
    triggers: about.triggers().map(triggerForSensor),
    line_bytes: limits.eventBytes,
  });
  about.onStarted({
    pid: child.pid,
    tell: (change, trigger) => line.send({ kind: "trigger", change, trigger: triggerForSensor(trigger) }),
  });
  const onAbort = () => void child.stop();
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  // Not awaited before the end is: a store that does not answer must not hide that.
  const told = deps.tell(instance, { kind: "spawn", pid: child.pid, command: `${interpreter.file} -u ${wrapper}` });
  const { code, survivors } = await child.ended;
  const upMs = readyAt === undefined ? 0 : performance.now() - readyAt;
  signal.removeEventListener("abort", onAbort);
  over.abort();
  start.release();
  lastPrinted();
  if (survivors.length > 0) log.write("squall", `processes ${survivors.join(", ")} of it could not be ended`);
  await told;
  await deps.tell(instance, { kind: "exit", code });
  return { code, wasReady: readyAt !== undefined, upMs, ...(error !== undefined && { error }) };
}
