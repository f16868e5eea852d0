import type { Command } from "commander";
import { addGet, addList, type ResourceKind } from "../resource.ts";

const TIMER: ResourceKind = {
  noun: "timer",
  plural: "timers",
  collection: (client) => client.timers,
  argument: "timer-id",
  columns: ["id", "type", "parameters", "description"],
  empty: "no timers: a rule with trigger core.st2.IntervalTimer, CronTimer or DateTimer makes one",
};

export function define(group: Command): void {
  addList(group, TIMER, {
    filters: [
      {
        flags: "--timer-type <trigger-ref>",
        description: "of this type, e.g. core.st2.CronTimer",
        query: "timer_type",
      },
    ],
    example: "squall timer list --timer-type core.st2.CronTimer",
  });
  addGet(group, TIMER);
}
