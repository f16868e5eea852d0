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
  const source = createTimerSource({
    async load() {
      const all = (await Promise.all(core.shelves.projects().map((project) => parts.store.timers(project)))).flat();
      const isThere = ({ project, trigger }: TimerState) => core.shelves.get(project, "trigger", trigger) !== undefined;
      // What a removed trigger left behind. A refusal means that it is gone already.
      for (const { project, trigger } of all.filter((state) => !isThere(state))) {
        await parts.store.commit([{ kind: "timer.delete", project, trigger }]);
      }
      return all.filter(isThere);
    },
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
  return {
    add(project, trigger) {
      if (served.has(trigger.type)) source.add(project, trigger);
    },
    remove(project, id) {
      source.remove(project, id);
    },
    start: () => source.start(),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
