import type { Command } from "commander";
import { addCreate, addDelete, addEnableDisable, addGet, addList, addUpdate } from "../resource.ts";
import { ACTION } from "./kinds.ts";
import { addRun } from "./run.ts";

export function define(group: Command): void {
  addList(group, ACTION, {
    filters: [{ flags: "-p, --pack <pack>", description: "of this pack", query: "pack" }],
    example: "squall action list --pack core",
  });
  addGet(group, ACTION);
  addCreate(group, ACTION);
  addUpdate(group, ACTION);
  addDelete(group, ACTION, ({ removeFiles }) => ({ remove_files: removeFiles === true })).option(
    "-r, --remove-files",
    "its files in the pack's folder too",
  );
  addEnableDisable(group, ACTION);
  addRun(group.command("execute").description("run an action without waiting for it"), true);
}
