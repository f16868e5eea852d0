import type { Command } from "commander";
import { addCreate, addDelete, addGet, addList, addUpdate, type ResourceKind } from "../resource.ts";

/** StackStorm's client calls trigger types triggers; rules make triggers of them. */
const TRIGGER: ResourceKind = {
  noun: "trigger",
  plural: "triggers",
  collection: (client) => client.triggerTypes,
  argument: "trigger-ref",
  columns: ["ref", "pack", "description"],
  empty: "no triggers: `squall pack register DIR` brings those of a pack",
};

export function define(group: Command): void {
  addList(group, TRIGGER, {
    filters: [{ flags: "-p, --pack <pack>", description: "of this pack", query: "pack" }],
    example: "squall trigger list --pack core",
  });
  addGet(group, TRIGGER);
  addCreate(group, TRIGGER);
  addUpdate(group, TRIGGER);
  addDelete(group, TRIGGER);
}
