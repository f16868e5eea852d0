// Installs what package-lock.json names, when what is installed is something else.

import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exclusively } from "./exclusive.mjs";
import { npm, versionOf } from "./runtime.mjs";
import { fail, npmFailure, say, seconds } from "./say.mjs";

/** What an installation depends on: the lock file's bytes, and the major version and platform of the Node it is for. */
export function stampFor(lockFile, nodeVersion) {
  const hash = createHash("sha256").update(lockFile).digest("hex");
  return `${hash} node-${nodeVersion.split(".")[0]}-${process.platform}-${process.arch}\n`;
}

/** The file that a finished installation leaves, and that is gone before another begins: a killed one has none. */
export function stampPath(root) {
  return join(root, "node_modules", ".squall-installed");
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Makes node_modules what package-lock.json says. Costs one read of each of two files when it is already so.
 * Of several processes that find it is not, one installs and the others wait.
 */
export async function ensureInstalled(root, node, install = npmCi) {
  const wanted = () => stampFor(readFileSync(join(root, "package-lock.json")), versionOf(node));
  const isInstalled = () => readIfThere(stampPath(root)) === wanted();
  if (isInstalled()) return;
  const waiting = (pid) => say(`waiting for process ${pid}, which is installing packages here`);
  await exclusively(join(root, ".squall", "install.lock"), { waiting }, async (alsoHeldBy) => {
    if (isInstalled()) return;
    const stamp = wanted();
    rmSync(stampPath(root), { force: true });
    await install(root, node, alsoHeldBy);
    writeFileSync(stampPath(root), stamp);
  });
}

async function npmCi(root, node, alsoHeldBy) {
  const started = Date.now();
  say("installing the packages that package-lock.json names ...");
  const result = await npm(node, ["ci", "--prefix", root], { cwd: root, started: alsoHeldBy });
  if (result.code !== 0) fail(npmFailure("could not install packages", result));
  say(`packages installed (${seconds(started)})`);
}
