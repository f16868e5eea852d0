import { canonicalJson, DEFAULT_PROJECT, messageOf, type Trigger } from "@squall/model";
import { createProcessTable, endLeftovers } from "@squall/processes";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Source } from "../port.ts";
import { SENSOR_LIMITS, type SensorDeps, type SensorInstance, type SensorStatus } from "./sensor.ts";
import { createSensorLog, type LogPart, removeSensorLog } from "./sensor-log.ts";
import { createSupervised, type Supervised } from "./supervised.ts";

/** All sensors: which there are, their processes, and what one can do to them. */
export interface SensorSource extends Source {
  /** Says which instances a pack has now: new ones are started, changed ones restarted, others taken away. */
  place(project: string, pack: string, instances: readonly SensorInstance[]): void;
  /** Ends what a killed process on this machine may have left running of these sensors. */
  endLeft(instances: readonly Pick<SensorInstance, "project" | "id">[]): Promise<void>;
  /** Resolves when those that were taken away have ended. */
  left(): Promise<void>;
  /** Sorted by id. */
  list(project: string): SensorStatus[];
  get(project: string, id: string): SensorStatus | undefined;
  /** These resolve when it is so, and say false when there is no such instance. */
  begin(project: string, id: string): Promise<boolean>;
  stop(project: string, id: string, reason: string): Promise<boolean>;
  restart(project: string, id: string): Promise<boolean>;
  /**
   * A part of its log. With `wait` it waits for something after the position, until the signal aborts. Undefined when
   * there is no such instance.
   */
  log(
    project: string,
    id: string,
    asked: { after?: number; lines?: number; bytes: number; wait?: AbortSignal },
  ): Promise<LogPart | undefined>;
}

interface Entry {
  readonly project: string;
  readonly pack: string;
  readonly supervised: Supervised;
}

/** Put away what a dead server left: it cleans up, and the start waits for it. */
const LEFTOVER_GRACE_MS = 1_000;

/**
 * Supervises sensors. Nothing runs before `start`, which first ends what a server that was killed left running, and
 * nothing after disposal.
 */
export function createSensorSource(deps: SensorDeps): SensorSource {
  const limits = { ...SENSOR_LIMITS, ...deps.settings.limits };
  const table = createProcessTable();
  const entries = new Map<string, Entry>();
  const triggers = new Map<string, { readonly project: string; readonly trigger: Trigger }>();
  /** Those that are on their way out. */
  const leaving = new Set<Promise<void>>();
  /** Of all that were ever placed before the start: a pack may be changed, or gone, since the server was killed. */
  const marks = new Set<string>();
  /** Nobody waits for news of a log any more. */
  const closing = new AbortController();
  let isStarted = false;
  let isClosed = false;

  const keyOf = (project: string, id: string): string => `${project}\0${id}`;

  const triggersOf = (instance: SensorInstance): Trigger[] =>
    [...triggers.values()]
      .filter(({ project, trigger }) => project === instance.project && instance.triggerTypes.includes(trigger.type))
      .map(({ trigger }) => trigger);

  const tell = (change: "add" | "update" | "remove", project: string, trigger: Trigger): void => {
    for (const { supervised } of entries.values()) {
      const { instance } = supervised.status();
      if (instance.project === project && instance.triggerTypes.includes(trigger.type))
        supervised.tell(change, trigger);
    }
  };

  const enter = (instance: SensorInstance): void => {
    const { project, id, pack } = instance;
    const path = logPath(deps.settings.logs, project, id);
    const log = createSensorLog(path, limits.logBytes, deps.now, (error) =>
      deps.log.error({ sensor: id, error: messageOf(error) }, "the log of a sensor cannot be written"),
    );
    const supervised = createSupervised(deps, limits, table, log, instance, triggersOf);
    entries.set(keyOf(project, id), { project, pack, supervised });
    if (isStarted) supervised.start();
  };

  const remove = (key: string, { project, supervised }: Entry): void => {
    entries.delete(key);
    const path = logPath(deps.settings.logs, project, supervised.status().instance.id);
    const gone = (async () => {
      await supervised.stop("removed");
      await supervised.log.flushed();
      if (!entries.has(key)) await removeSensorLog(path);
    })().catch((error: unknown) =>
      deps.log.error({ error: messageOf(error) }, "a removed sensor left something behind"),
    );
    leaving.add(gone);
    void gone.finally(() => leaving.delete(gone));
  };

  const endMarked = async (all: readonly string[]): Promise<void> => {
    if (all.length === 0) return;
    const ended = await endLeftovers(all, { table, graceMs: LEFTOVER_GRACE_MS });
    if (ended > 0) deps.log.warn({ processes: ended }, "processes of sensors whose server is gone were ended");
  };

  const found = (project: string, id: string): Supervised | undefined => entries.get(keyOf(project, id))?.supervised;

  return {
    get triggerTypes() {
      return [...new Set([...entries.values()].flatMap(({ supervised }) => supervised.status().instance.triggerTypes))];
    },
    add(project, trigger) {
      const key = keyOf(project, trigger.id);
      const known = triggers.get(key)?.trigger;
      if (known && canonicalJson(known) === canonicalJson(trigger)) return;
      triggers.set(key, { project, trigger });
      tell(known ? "update" : "add", project, trigger);
    },
    remove(project, triggerId) {
      const key = keyOf(project, triggerId);
      const known = triggers.get(key)?.trigger;
      triggers.delete(key);
      if (known) tell("remove", project, known);
    },
    place(project, pack, instances) {
      if (isClosed) return;
      const wanted = new Map(instances.map((one) => [keyOf(project, one.id), one]));
      for (const [key, entry] of entries) {
        if (entry.project === project && entry.pack === pack && !wanted.has(key)) remove(key, entry);
      }
      for (const [key, instance] of wanted) {
        if (!isStarted) marks.add(deps.markOf(project, instance.id));
        const known = entries.get(key);
        if (!known) enter(instance);
        else if (isStarted) known.supervised.become(instance);
        else {
          entries.delete(key);
          enter(instance);
        }
      }
    },
    endLeft: (instances) => endMarked(instances.map(({ project, id }) => deps.markOf(project, id))),
    async left() {
      await Promise.all(leaving);
    },
    async start() {
      await endMarked([...marks]);
      if (isClosed) return;
      isStarted = true;
      for (const { supervised } of entries.values()) supervised.start();
    },
    list: (project) =>
      [...entries.values()]
        .filter((entry) => entry.project === project)
        .map(({ supervised }) => supervised.status())
        .sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1)),
    get: (project, id) => found(project, id)?.status(),
    async begin(project, id) {
      const supervised = found(project, id);
      if (!isClosed) supervised?.start();
      return supervised !== undefined;
    },
    async stop(project, id, reason) {
      const supervised = found(project, id);
      await supervised?.stop(reason);
      return supervised !== undefined;
    },
    async restart(project, id) {
      const supervised = found(project, id);
      if (!supervised) return false;
      await supervised.stop("restarted");
      if (!isClosed) supervised.start();
      return true;
    },
    async log(project, id, { wait, ...asked }) {
      const log = found(project, id)?.log;
      if (log && wait && asked.after !== undefined) {
        await log.grown(asked.after, AbortSignal.any([wait, closing.signal]));
      }
      return log?.read(asked);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      closing.abort();
      const all = [...entries.values()].map(({ supervised }) => supervised);
      await Promise.all([...all.map((one) => one.stop("the server stopped")), ...leaving]);
      await Promise.all(all.map(({ log }) => log.flushed()));
    },
  };
}

/** A file name that no id can leave the folder with. */
function logPath(folder: string, project: string, id: string): string {
  const encoded = encodeURIComponent(id).replaceAll("%40", "@");
  const name = encoded.length <= 200 ? encoded : createHash("sha256").update(id).digest("hex");
  return join(folder, ...(project === DEFAULT_PROJECT ? [] : [encodeURIComponent(project)]), `${name}.log`);
}
