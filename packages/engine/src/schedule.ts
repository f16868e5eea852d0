import type { TimerState, Trigger } from "@squall/model";
import { createTimerSource } from "@squall/sources";
import type { Change } from "@squall/store";
import type { Core } from "./core.ts";
import { decide } from "./events/decide.ts";
import type { Dispatch } from "./executions/dispatch.ts";

/** The timers: a source whose firing and new state are one commit, so that each planned time fires once. */
export interface Schedule extends AsyncDisposable {
  add(project: string, trigger: Trigger): void;
  remove(project: string, id: string): void;
  start(): Promise<void>;
}

export function createSchedule(core: Core, dispatch: Dispatch): Schedule {
  const { parts } = core;
  const load = async (): Promise<TimerState[]> => {
    const all = (await Promise.all(core.shelves.projects().map((project) => parts.store.timers(project)))).flat();
    const isThere = ({ project, trigger }: TimerState) => core.shelves.get(project, "trigger", trigger) !== undefined;
    // What a removed trigger left behind. A refusal means that it is gone already. In a cluster, triggers may be there that
    // this process has not heard of yet.
    for (const { project, trigger } of core.cluster.alone ? all.filter((state) => !isThere(state)) : []) {
      await parts.store.commit([{ kind: "timer.delete", project, trigger }]);
    }
    return all.filter(isThere);
  };
  let loading: Promise<TimerState[]> | undefined;
  const source = createTimerSource({
    // Many that are taken over at once are read at once.
    load: () =>
      (loading ??= load().finally(() => {
        loading = undefined;
      })),
    async fire(timer, expect, emission) {
      const advance: Change = { kind: "timer.put", timer, expect };
      const type = emission && core.shelves.get(emission.project, "trigger_type", emission.trigger.type)?.body;
      if (!emission || !type) return (await dispatch.commit([], [advance])).ok;
      const decision = await decide(core, {
        project: emission.project,
        trigger: emission.trigger,
        type,
        payload: emission.payload,
        ...(emission.traceTag !== undefined && { traceTag: emission.traceTag }),
        ...(emission.occurredAt !== undefined && { occurredAt: emission.occurredAt }),
      });
      return (await dispatch.commit(decision.drafts, [advance, ...decision.changes])).ok;
    },
    now: parts.now,
    defaultTimezone: parts.timezone,
    log: parts.log,
  });
  const served = new Set(source.triggerTypes);
  /** All timers; those of others run in theirs. */
  const all = new Map<string, { readonly project: string; readonly trigger: Trigger }>();
  const isOurs = (project: string, { id }: Trigger) => core.cluster.owns("sources", `timer/${project}/${id}`);
  core.cluster.on({
    changed() {
      for (const { project, trigger } of all.values()) {
        if (isOurs(project, trigger)) source.add(project, trigger);
        else source.remove(project, trigger.id);
      }
    },
  });
  return {
    add(project, trigger) {
      if (!served.has(trigger.type)) return;
      all.set(`${project}\0${trigger.id}`, { project, trigger });
      if (isOurs(project, trigger)) source.add(project, trigger);
    },
    remove(project, id) {
      all.delete(`${project}\0${id}`);
      source.remove(project, id);
    },
    start: () => source.start(),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
