import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Invalid, isObject, messageOf, Unavailable } from "@squall/model";
import type { RunnerSettings } from "../options.ts";
import type { JobIO } from "../port.ts";

/** The npm packages that packs name as `dependencies` in their package.json. */
export interface Modules {
  /**
   * The folder whose `node_modules` has them, installed if need be; undefined for a pack that names none. Throws with
   * npm's last lines when npm fails.
   */
  ensure(pack: string, packPath: string, mark: string, io: JobIO): Promise<string | undefined>;
}

const NPM_TIMEOUT_MS = 15 * 60_000;
const NPM_OUTPUT_BYTES = 1024 * 1024;
/** In the folder of an installation that is complete. */
const DONE = ".squall-complete";
const LAST_LINES = 15;

/**
 * Installs beside the packs, never into them: a pack's folder is what was registered. Each state of package.json and its
 * lock file has a folder of its own, so that what runs on an older one goes on.
 */
export function createModules(settings: RunnerSettings): Modules {
  const installing = new Map<string, { readonly done: Promise<void>; readonly signal: AbortSignal }>();
  const complete = new Set<string>();

  return {
    async ensure(pack, packPath, mark, io) {
      const manifest = await readText(join(packPath, "package.json"));
      if (manifest === undefined || !namesPackages(manifest, packPath)) return undefined;
      const lock = await readText(join(packPath, "package-lock.json"));
      const digest = createHash("sha256")
        .update(manifest)
        .update("\0")
        .update(lock ?? "")
        .digest("hex")
        .slice(0, 16);
      if (settings.nodeModules === undefined)
        throw new Unavailable("runner.node.modules", {
          message: `pack "${pack}" needs npm packages, and this server has no folder for them`,
        });
      const folder = join(settings.nodeModules, pack, digest);
      if (complete.has(folder)) return folder;
      // Whoever came first installs for all. If that run was canceled, the next one does.
      for (let other = installing.get(folder); other; other = installing.get(folder)) {
        try {
          await other.done;
          return folder;
        } catch (error) {
          if (!other.signal.aborted || io.signal.aborted) throw error;
        }
      }
      const done = installInto(settings, { pack, packPath, folder, hasLock: lock !== undefined, mark }, io);
      installing.set(folder, { done, signal: io.signal });
      try {
        await done;
      } finally {
        installing.delete(folder);
      }
      complete.add(folder);
      return folder;
    },
  };
}

async function installInto(
  settings: RunnerSettings,
  what: {
    readonly pack: string;
    readonly packPath: string;
    readonly folder: string;
    readonly hasLock: boolean;
    readonly mark: string;
  },
  io: JobIO,
): Promise<void> {
  const { pack, packPath, folder, hasLock, mark } = what;
  if ((await readText(join(folder, DONE))) !== undefined) return;
  const parent = join(folder, "..");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(parent, "installing-"));
  try {
    await cp(join(packPath, "package.json"), join(work, "package.json"));
    if (hasLock) await cp(join(packPath, "package-lock.json"), join(work, "package-lock.json"));
    io.output("output", `installing the npm packages of pack ${pack} ...\n`);
    const end = await settings.runProcess({
      file: "npm",
      // Scripts of packages would run with the server's rights before anybody asked for the action.
      args: [hasLock ? "ci" : "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"],
      cwd: work,
      environment: { ...settings.environment, npm_config_update_notifier: "false" },
      mark,
      timeoutMs: NPM_TIMEOUT_MS,
      outputBytes: NPM_OUTPUT_BYTES,
      signal: io.signal,
      onOutput: (_type, text) => io.output("output", text),
    });
    if (end.kind !== "exited" || end.code !== 0) {
      const said = (end.error ?? `${end.stdout}${end.stderr}`).trim().split("\n").slice(-LAST_LINES).join("\n");
      throw new Unavailable("runner.node.modules", {
        message:
          `npm could not install the packages of pack "${pack}" (${end.kind === "exited" ? `exit status ${end.code}` : end.kind}); ` +
          `correct its package.json or the machine's npm settings and run again. npm said:\n${said}`,
      });
    }
    await writeFile(join(work, DONE), "");
    await rm(folder, { recursive: true, force: true }); // of an interrupted copy
    await rename(work, folder);
    await removeOthers(parent, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Keeps the newest and one older state, which may still be in use. */
async function removeOthers(parent: string, folder: string): Promise<void> {
  const others: { path: string; at: number }[] = [];
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    if (path === folder || name.startsWith("installing-")) continue;
    others.push({ path, at: (await stat(path)).mtimeMs });
  }
  others.sort((a, b) => b.at - a.at);
  for (const { path } of others.slice(1)) await rm(path, { recursive: true, force: true });
}

function namesPackages(text: string, packPath: string): boolean {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new Invalid("runner.node.package-json", {
      message: `${join(packPath, "package.json")} is not JSON: ${messageOf(cause)}`,
      cause,
    });
  }
  return isObject(manifest) && isObject(manifest.dependencies) && Object.keys(manifest.dependencies).length > 0;
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}
