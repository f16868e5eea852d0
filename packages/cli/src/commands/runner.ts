import type { Command } from "commander";
import { addEnableDisable, addGet, addList, type ResourceKind } from "../resource.ts";

const RUNNER: ResourceKind = {
  noun: "runner",
  plural: "runners",
  collection: (client) => client.runners,
  argument: "runner-name",
  columns: ["name", "description", "enabled"],
  empty: "no runners: the server has not finished starting",
};

export function define(group: Command): void {
  addList(group, RUNNER);
  addGet(group, RUNNER);
  addEnableDisable(group, RUNNER);
}
