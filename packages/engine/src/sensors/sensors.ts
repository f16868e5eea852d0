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
  Unavailable,
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
import { createFarSensors, MOST_WAIT_MS, nowhere, type SensorCommand, type SensorQuestion } from "./far.ts";
import { createPosting } from "./posting.ts";
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
      const token = await tokens.issue(project, instance.id);
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

  const { cluster } = core;
  const far = createFarSensors(core);
  const projects = () => [...new Set([DEFAULT_PROJECT, ...shelves.projects()])];
  const posting = createPosting(core, {
    all: () =>
      projects().flatMap((project) =>
        shelves.list(project, "pack").flatMap((pack) => instancesOf(shelves, project, pack.ref)),
      ),
    apply(changed) {
      for (const one of new Set(changed.map(({ project, pack }) => `${project}\0${pack}`))) {
        const [project = "", pack = ""] = one.split("\0");
        place(project, pack);
      }
    },
    ended: () => source.left(),
    endLeft: (instances) => source.endLeft(instances),
  });
  const place = (project: string, pack: string): void => {
    const instances = instancesOf(shelves, project, pack);
    source.place(project, pack, cluster.alone ? instances : posting.held(instances));
  };

  /** All that there should be, with what becomes of each. */
  const list = async (project: string): Promise<SensorStatus[]> => {
    const here = source.list(project);
    if (cluster.alone) return here;
    const known = new Map([...(await far.list(project)), ...here].map((one) => [one.instance.id, one]));
    return shelves
      .list(project, "pack")
      .flatMap((pack) => instancesOf(shelves, project, pack.ref))
      .map((instance) => known.get(instance.id) ?? nowhere(instance, parts.now()))
      .sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
  };

  const known = async (project: string, id: string): Promise<SensorStatus> => {
    const status = source.get(project, id);
    if (status) return status;
    const all = await list(project);
    const there = all.find(({ instance }) => instance.id === id);
    if (there) return there;
    const others = all.filter(({ instance }) => instance.ref === id);
    const hint = others.length === 0 ? "" : `; its instances are ${others.map((one) => one.instance.id).join(", ")}`;
    throw new NotFound("sensor.not-found", { message: `there is no sensor "${id}"${hint}` });
  };

  /** The other member that runs it. */
  const elsewhere = async (project: string, id: string): Promise<string | undefined> => {
    if (cluster.alone || source.get(project, id)) return undefined;
    const member = await far.memberOf(project, id);
    return member === parts.worker ? undefined : member;
  };
  const here = async (question: SensorCommand): Promise<SensorStatus> => {
    const { project, id } = question;
    if (question.ask === "start") await source.begin(project, id);
    else if (question.ask === "restart") await source.restart(project, id);
    else await source.stop(project, id, `stopped by ${question.user}`);
    return known(project, id);
  };
  const command = async (question: SensorCommand): Promise<SensorStatus> => {
    const member = await elsewhere(question.project, question.id);
    if (member !== undefined) return (await far.ask(member, question)) as unknown as SensorStatus; // cast: answered by `here`
    if (!cluster.alone && !source.get(question.project, question.id)) {
      throw new Unavailable("sensor.nowhere", {
        message: `sensor "${question.id}" runs in no member of the cluster now; one with the role sources takes it over within seconds, if there is one (see \`squall cluster status\`)`,
      });
    }
    return here(question);
  };
  /** What other members ask of this one. Casts: statuses and logs are JSON. */
  const answer = async (question: SensorQuestion, signal: AbortSignal): Promise<JsonObject> => {
    if (question.ask === "list") return { sensors: source.list(question.project) as unknown as JsonObject[] };
    if (question.ask !== "log") return (await here(question)) as unknown as JsonObject;
    const { project, id, waitMs, ask: _log, ...asked } = question;
    const wait = waitMs && { wait: AbortSignal.any([signal, AbortSignal.timeout(Math.min(waitMs, MOST_WAIT_MS))]) };
    return ((await source.log(project, id, { ...asked, ...wait })) ?? {
      text: "",
      position: 0,
    }) as unknown as JsonObject;
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
      if (packs.size > 0) posting.review();
    },
    async begin() {
      if (cluster.alone) {
        for (const project of projects()) for (const pack of shelves.list(project, "pack")) place(project, pack.ref);
      }
      await source.start();
      if (cluster.alone) return;
      far.serve(answer);
      await posting.start();
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
    list,
    get: known,
    async start(project, id) {
      refuseDisabled(await known(project, id));
      return command({ ask: "start", project, id });
    },
    async stop(project, id, user) {
      await known(project, id);
      return command({ ask: "stop", project, id, user });
    },
    async restart(project, id) {
      refuseDisabled(await known(project, id));
      return command({ ask: "restart", project, id });
    },
    async log(project, id, { wait, ...asked }) {
      await known(project, id);
      const member = await elsewhere(project, id);
      if (member !== undefined) {
        const question = { ask: "log", project, id, ...asked, ...(wait && { waitMs: MOST_WAIT_MS }) } as const;
        return far.log(member, question, wait);
      }
      return (await source.log(project, id, { ...asked, ...(wait && { wait }) })) ?? { text: "", position: 0 };
    },
    async close() {
      far.close();
      if (!cluster.alone) await posting.close();
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
  list: async () => [],
  get: async (_, id) => none(id),
  start: async (_, id) => none(id),
  stop: async (_, id) => none(id),
  restart: async (_, id) => none(id),
  log: async (_, id) => none(id),
  close: async () => undefined,
};
