// Finds the processes that a run of tests left behind: every test has to end what it started.

import { readdirSync, readFileSync } from "node:fs";

/** The environment variable by which processes that left the process group of their test run are still known. */
export const RUN_MARK = "SQUALL_TEST_RUN";

/**
 * The living processes that are of the process group, or carry the mark (if one is given) in their environment, as `pid command`.
 * A process that has ended and waits for its parent to notice, as orphans in a container without an init do for ever, is not living.
 * Only Linux tells; elsewhere the answer is always empty.
 */
export function leftovers(group, mark) {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const stat = readProcess(pid, "stat");
      if (stat === undefined) return [];
      // The name, which may hold anything, ends at the last bracket; then come state, parent, group.
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z" || state === "X") return [];
      const isMarked = mark !== undefined && readProcess(pid, "environ")?.split("\0").includes(`${RUN_MARK}=${mark}`);
      if (Number(processGroup) !== group && !isMarked) return [];
      return [`${pid} ${(readProcess(pid, "cmdline") ?? "").split("\0").join(" ").trim().slice(0, 160)}`];
    });
}

/** Undefined for a process that has ended meanwhile or is somebody else's. */
function readProcess(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(error.code)) return undefined;
    throw error;
  }
}
