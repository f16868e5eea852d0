import {
  Conflict,
  DEFAULT_PROJECT,
  Invalid,
  isObject,
  type JsonObject,
  messageOf,
  NotFound,
  SYSTEM_USER,
  type Trigger,
} from "@squall/model";
import { createSensorSource, type SensorInstance, type SensorNews, type SensorStatus } from "@squall/sources";
import { configOf } from "../content/configs.ts";
import type { Edited } from "../content/edit.ts";
import type { Core } from "../core.ts";
import type { Events, Sensors } from "../engine.ts";
import { decideInternal } from "../events/completion.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { instancesOf, overridesOf } from "./instances.ts";
import { sep } from "node:path";
import type { SensorTokens } from "./tokens.ts";

const SPAWNED = "core.st2.sensor.process_spawn";
const EXITED = "core.st2.sensor.process_exit";

/** Sensors as the engine has them: its content decides which there are, their events go the way of all events. */
export interface EngineSensors extends Sensors {
  changed(edited: readonly Edited[]): void;
  begin(): Promise<void>;
  /** For operators; `ok` is false when one does not run that should. */
  health(): JsonObject;
}

export function createSensors(core: Core, dispatch: Dispatch, events: Events, tokens: SensorTokens): EngineSensors {
  const { parts, shelves } = core;
  if (parts.sensors === undefined) return NO_SENSORS;
  const source = createSensorSource({
    settings: parts.sensors,
    async locate({ project, pack, packPath, file }) {
      using held = await core.code.hold(project, pack);
      if (held === undefined)
        throw new NotFound("sensor.not-found", { message: `pack "${pack}" is not there any more` });
      return {
        packPath: held.path,
        file: file.startsWith(packPath + sep) ? held.path + file.slice(packPath.length) : file,
      };
    },
    async prepare(instance) {
      const { project, pack } = instance;
      const config = await evaluateWithKeys(parts, project, (keys) =>
        configOf({ shelves, vault: parts.vault }, project, pack, SYSTEM_USER, keys, overridesOf(shelves, instance)),
      );
      const token = tokens.issue(project, instance.id);
      return {
        config,
        environment: { ST2_API_URL: parts.apiUrl(), ST2_AUTH_TOKEN: token },
        release: () => tokens.revoke(token),
      };
    },
    async emit({ project }, { trigger, payload, traceTag }) {
      const found = triggerOf(core, project, trigger);
      await events.emit(project, { trigger: found, payload, ...(traceTag !== undefined && { traceTag }) });
    },
    async tell(instance, news) {
      try {
        await tellRules(core, dispatch, instance, news);
      } catch (error) {
        parts.log.error({ sensor: instance.id, error: messageOf(error) }, "an event about a sensor was lost");
      }
    },
    markOf: (project, id) => parts.vault.sensorMark(project, id),
    now: parts.now,
    random: Math.random,
    log: parts.log,
  });

  const place = (project: string, pack: string): void =>
    source.place(project, pack, instancesOf(shelves, project, pack));

  const known = (project: string, id: string): SensorStatus => {
    const status = source.get(project, id);
    if (status) return status;
    const others = source.list(project).filter(({ instance }) => instance.ref === id);
    const hint = others.length === 0 ? "" : `; its instances are ${others.map((one) => one.instance.id).join(", ")}`;
    throw new NotFound("sensor.not-found", { message: `there is no sensor "${id}"${hint}` });
  };

  return {
    changed(edited) {
      const packs = new Set<string>();
      for (const { change, resource } of edited) {
        const { project, kind } = resource;
        if (kind === "trigger") {
          if (change === "delete") source.remove(project, resource.id);
          else source.add(project, resource.body);
        }
        if (kind === "sensor_type" || kind === "pack" || kind === "config" || kind === "config_schema") {
          packs.add(`${project}\0${resource.pack}`);
        }
      }
      for (const one of packs) {
        const [project = "", pack = ""] = one.split("\0");
        place(project, pack);
      }
    },
    async begin() {
      for (const project of new Set([DEFAULT_PROJECT, ...shelves.projects()])) {
        for (const pack of shelves.list(project, "pack")) place(project, pack.ref);
      }
      await source.start();
    },
    health() {
      const all = shelves.projects().flatMap((project) => source.list(project));
      const count = (...states: SensorStatus["state"][]) => all.filter(({ state }) => states.includes(state)).length;
      const failing = count("failed", "backing-off");
      return {
        ok: failing === 0,
        running: count("running"),
        starting: count("starting"),
        failing,
        stopped: count("stopped", "stopping"),
        disabled: count("disabled"),
      };
    },
    list: (project) => source.list(project),
    get: known,
    async start(project, id) {
      refuseDisabled(known(project, id));
      await source.begin(project, id);
      return known(project, id);
    },
    async stop(project, id, user) {
      known(project, id);
      await source.stop(project, id, `stopped by ${user}`);
      return known(project, id);
    },
    async restart(project, id) {
      refuseDisabled(known(project, id));
      await source.restart(project, id);
      return known(project, id);
    },
    async log(project, id, asked) {
      known(project, id);
      const part = await source.log(project, id, asked);
      return part ?? { text: "", position: 0 };
    },
    async close() {
      await source[Symbol.asyncDispose]();
    },
  };
}

function refuseDisabled({ instance: { enabled, id, ref } }: SensorStatus): void {
  if (enabled) return;
  throw new Conflict("sensor.disabled", {
    message: `sensor "${id}" is disabled; enable it first: squall sensor enable ${ref}`,
  });
}

/** The trigger that a sensor means: a ref, or a trigger's dict with an id, a uid, a ref, or a type with parameters. */
function triggerOf(core: Core, project: string, asked: string | JsonObject): string | Trigger {
  if (typeof asked === "string") return asked;
  const { shelves } = core;
  const { id, uid, ref, type, parameters } = asked;
  for (const key of [id, ref]) {
    const found = typeof key === "string" ? shelves.get(project, "trigger", key) : undefined;
    if (found) return found.body;
  }
  const byUid = typeof uid === "string" ? shelves.list(project, "trigger").find((one) => one.uid === uid) : undefined;
  if (byUid) return byUid;
  if (typeof type === "string") {
    const made = shelves.triggerOf(project, type, isObject(parameters) ? parameters : {});
    return made ?? type;
  }
  if (typeof ref === "string") return ref;
  throw new Invalid("event.trigger.unknown", {
    message: `no trigger has what this one says: ${Object.keys(asked).join(", ") || "nothing"}`,
    at: { field: "trigger" },
  });
}

/** Squall's own events about sensors (reference, section 9.1): stored where a rule listens. */
async function tellRules(core: Core, dispatch: Dispatch, instance: SensorInstance, news: SensorNews): Promise<void> {
  const id = instance.name === undefined ? instance.className : `${instance.className}@${instance.name}`;
  const about = { id, timestamp: Math.floor(core.parts.now() / 1e6) };
  const [trigger, payload] =
    news.kind === "spawn"
      ? [SPAWNED, { ...about, pid: news.pid, cmd: news.command }]
      : [EXITED, { ...about, exit_code: news.code }];
  const decision = await decideInternal(core, instance.project, trigger, payload);
  if (decision) await dispatch.commit(decision.drafts, decision.changes);
}

const none = (id: string): never => {
  throw new NotFound("sensor.not-found", { message: `there is no sensor "${id}": this engine runs none` });
};

const NO_SENSORS: EngineSensors = {
  changed: () => undefined,
  begin: async () => undefined,
  health: () => ({ ok: true, running: 0 }),
  list: () => [],
  get: (_, id) => none(id),
  start: async (_, id) => none(id),
  stop: async (_, id) => none(id),
  restart: async (_, id) => none(id),
  log: async (_, id) => none(id),
  close: async () => undefined,
};
