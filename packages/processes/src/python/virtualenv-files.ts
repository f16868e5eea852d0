import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  access,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "@squall/model";
import type { Requirements } from "./requirements.ts";

/*
 * How virtualenvs lie on disk. A virtualenv cannot be moved (its scripts name their interpreter), so each is built where
 * it stays, and a link says which one counts:
 *
 *   <virtualenvs>/<pack>                      link to the one that counts, or a folder that somebody made by hand
 *   <virtualenvs>/.builds/<pack>/<stamp>/     built ones; squall.json is written last, so one without it is unfinished
 *   <virtualenvs>/.builds/<pack>/failed.json  the last failure, for those who waited for the same build
 *   <virtualenvs>/.locks/<pack>.lock          whoever builds holds it
 */

export interface VirtualenvPlaces {
  readonly link: string;
  readonly builds: string;
  readonly failure: string;
  readonly lock: string;
}

export function placesOf(virtualenvs: string, pack: string): VirtualenvPlaces {
  const builds = join(virtualenvs, ".builds", pack);
  const lock = join(virtualenvs, ".locks", `${pack}.lock`);
  return { link: join(virtualenvs, pack), builds, failure: join(builds, "failed.json"), lock };
}

/** What a finished build says of itself in squall.json. */
export interface BuildRecord {
  /** Of the requirements. */
  readonly digest: string;
  /** The interpreter as it was asked for, and the file that it was. */
  readonly python: string;
  readonly executable: string;
  readonly version: string;
  readonly builtAt: string;
}

export type VirtualenvState =
  | { readonly status: "ready"; readonly virtualenv: string; readonly stamp: string; readonly record?: BuildRecord }
  | { readonly status: "missing" | "stale"; readonly why: string }
  /** `isOwn`: somebody made it by hand. */
  | { readonly status: "broken"; readonly why: string; readonly isOwn?: boolean };

const RECORD = "squall.json";
const REPLACED = "squall-replaced";

/** Looks at a pack's virtualenv without changing anything. */
export async function inspectVirtualenv(
  places: VirtualenvPlaces,
  python: string,
  requirements: Requirements | undefined,
): Promise<VirtualenvState> {
  const about = await lstat(places.link).catch(() => undefined);
  if (about === undefined) return { status: "missing", why: "there is none yet" };
  const virtualenv = await realpath(places.link).catch(() => undefined);
  if (virtualenv === undefined) return { status: "broken", why: "its folder is gone" };
  const file = interpreterOf(virtualenv);
  const executable = await realpath(file).catch(() => undefined);
  if (executable === undefined || !(await isExecutable(file)))
    return {
      status: "broken",
      why: `${file} does not lead to a Python any more`,
      isOwn: !about.isSymbolicLink(),
    };
  // What somebody made by hand, or brought along from StackStorm, is theirs to keep up to date.
  if (!about.isSymbolicLink())
    return { status: "ready", virtualenv: places.link, stamp: `own-${(await stat(file)).mtimeMs}` };
  const record = await readRecord(virtualenv);
  if (record === undefined) return { status: "broken", why: "its building was not finished" };
  if (record.executable !== executable || record.python !== python)
    return { status: "stale", why: `it was made for ${record.python} (${record.executable})` };
  if (requirements !== undefined && record.digest !== requirements.digest)
    return { status: "stale", why: "requirements.txt changed" };
  return { status: "ready", virtualenv, stamp: virtualenv.slice(virtualenv.lastIndexOf("/") + 1), record };
}

export function interpreterOf(virtualenv: string): string {
  return join(virtualenv, "bin", "python");
}

/** A folder for a new build. What dead builders of this pack left behind is removed: the caller holds its lock. */
export async function newBuild(places: VirtualenvPlaces, requirements: Requirements): Promise<string> {
  await mkdir(places.builds, { recursive: true, mode: 0o700 });
  for (const name of await readdir(places.builds)) {
    const folder = join(places.builds, name);
    if (folder !== places.failure && (await readRecord(folder)) === undefined) await removeFolder(folder);
  }
  return join(await realpath(places.builds), `${requirements.digest.slice(0, 12)}-${randomBytes(4).toString("hex")}`);
}

/** Makes a build whose installation ended well the one that counts. */
export async function publishBuild(
  places: VirtualenvPlaces,
  build: string,
  about: Pick<BuildRecord, "digest" | "python">,
): Promise<void> {
  const record: BuildRecord = {
    ...about,
    executable: await realpath(interpreterOf(build)),
    version: await versionOf(build),
    builtAt: new Date().toISOString(),
  };
  await writeWhole(join(build, RECORD), JSON.stringify(record));
  const before = await realpath(places.link).catch(() => undefined);
  const old = await lstat(places.link).catch(() => undefined);
  const link = `${places.link}.${randomBytes(4).toString("hex")}`;
  await symlink(build, link);
  // A folder made by hand cannot be replaced by a link in one step; it goes on the pile of the replaced ones.
  if (old?.isDirectory()) await rename(places.link, join(places.builds, `own-${randomBytes(4).toString("hex")}`));
  await rename(link, places.link);
  await rm(places.failure, { force: true });
  if (before !== undefined && before !== build && !old?.isDirectory()) await writeFile(join(before, REPLACED), "");
}

/** A process that was told of a virtualenv starts in it long before this. */
const REPLACED_MS = 10 * 60_000;

/** Removes builds that were replaced a while ago and that no process runs in. Names of those removed. */
export async function collectReplaced(virtualenvs: string, inUse: (folder: string) => boolean): Promise<string[]> {
  const removed: string[] = [];
  const builds = join(virtualenvs, ".builds");
  for (const pack of await readdir(builds).catch(() => [])) {
    for (const name of await readdir(join(builds, pack)).catch(() => [])) {
      const folder = join(builds, pack, name);
      const replaced = await stat(join(folder, REPLACED)).catch(() => undefined);
      if (replaced === undefined || Date.now() - replaced.mtimeMs < REPLACED_MS) continue;
      if (inUse(await realpath(folder))) continue;
      await removeFolder(folder);
      removed.push(name);
    }
  }
  return removed;
}

/** Removes everything of a pack's virtualenv but its lock. */
export async function removeFiles(places: VirtualenvPlaces): Promise<void> {
  await rm(places.link, { recursive: true, force: true });
  await rm(places.builds, { recursive: true, force: true });
}

/** A failed build, remembered so that those who waited for it do not each repeat it. */
export interface Failure {
  readonly digest: string;
  readonly code: string;
  readonly message: string;
  readonly at: number;
}

export async function readFailure(places: VirtualenvPlaces): Promise<Failure | undefined> {
  const read = await readJson(places.failure);
  const isWhole = isObject(read) && typeof read.digest === "string" && typeof read.at === "number";
  return isWhole && typeof read.code === "string" && typeof read.message === "string"
    ? { digest: read.digest as string, code: read.code, message: read.message, at: read.at as number }
    : undefined;
}

export async function writeFailure(places: VirtualenvPlaces, failure: Failure): Promise<void> {
  await writeWhole(places.failure, JSON.stringify(failure));
}

async function readRecord(build: string): Promise<BuildRecord | undefined> {
  const read = await readJson(join(build, RECORD));
  if (!isObject(read)) return undefined;
  const text = (name: keyof BuildRecord): string => (typeof read[name] === "string" ? read[name] : "");
  return {
    digest: text("digest"),
    python: text("python"),
    executable: text("executable"),
    version: text("version"),
    builtAt: text("builtAt"),
  };
}

/** As pyvenv.cfg says it, such as 3.11.7. */
async function versionOf(build: string): Promise<string> {
  const text = await readFile(join(build, "pyvenv.cfg"), "utf8").catch(() => "");
  return /^version(?:_info)?\s*=\s*([\w.]+)/m.exec(text)?.[1] ?? "";
}

/** Its record goes first, so that a removal that is interrupted leaves nothing that looks whole. */
async function removeFolder(folder: string): Promise<void> {
  await rm(join(folder, RECORD), { force: true });
  // Again when something was put in meanwhile: a builder that was killed may have left an installer behind.
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined; // absent, or cut short by a crash: the same as absent
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, `${text}\n`, { mode: 0o600 });
  await rename(draft, file);
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
