import type { Command } from "commander";
import { addEnableDisable, addGet, addList, type ResourceKind } from "../resource.ts";

const SENSOR: ResourceKind = {
  noun: "sensor",
  plural: "sensors",
  collection: (client) => client.sensors,
  argument: "sensor-ref",
  columns: ["ref", "pack", "description", "enabled"],
  empty: "no sensors: `squall pack register DIR` brings those of a pack",
};

export function define(group: Command): void {
  addList(group, SENSOR, {
    filters: [{ flags: "-p, --pack <pack>", description: "of this pack", query: "pack" }],
  });
  addGet(group, SENSOR);
  addEnableDisable(group, SENSOR);
}
