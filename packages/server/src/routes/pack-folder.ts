import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Resources } from "@squall/model";
import { noteRegistered } from "../pack-standing.ts";
import type { Call } from "../http/route.ts";

type Pack = Resources["pack"];

/** The folder to read a pack's files from: where it was registered, or what was unpacked of its archive. */
export async function folderOfPack(call: Call, pack: Pack): Promise<string> {
  return (await call.context.engine.content.codeOf(call.project, pack.ref)) ?? pack.path;
}

/**
 * Changes files of a pack. Where other machines have its code too, they get the change: it is made in a folder of this machine
 * that holds what is registered, which is then archived anew. Throws Conflict when another machine changed the pack meanwhile.
 */
export async function changePack<T>(call: Call, pack: Pack, change: (folder: string) => Promise<T>): Promise<T> {
  const { content } = call.context.engine;
  if (!content.sharesCode) return change(pack.path);
  const folder = (await content.isHere(pack)) ? pack.path : await bringHere(call, pack);
  const changed = await change(folder);
  await content.refresh(call.project, pack.ref, folder);
  const { ledger } = call.context.packs;
  if (ledger) await noteRegistered(content, ledger, [folder]);
  return changed;
}

/** A folder of the pack among the installed ones, with what is registered. */
async function bringHere(call: Call, pack: Pack): Promise<string> {
  return placeCopy(call, await folderOfPack(call, pack), pack.ref);
}

/** Puts a copy of a folder among the installed packs. Resolves with its path. */
export async function placeCopy(call: Call, folder: string, ref: string): Promise<string> {
  const { installation } = call.context.packs;
  await using stage = await installation.stage();
  const copy = join(stage.folder, "pack");
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  await installation.place(copy, ref);
  await installation.settle(ref);
  return installation.pathOf(ref);
}
