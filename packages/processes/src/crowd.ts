import { readFileSync } from "node:fs";
import type { Tree } from "./kill-tree.ts";

/** A fork bomb takes some hundred milliseconds for its first thousand processes. */
const LOOK_MS = 250;

/**
 * Calls `onCrowd` once when the run has more than `most` processes; returns how to stop watching. Counted from outside,
 * since the system's own limit counts all processes of a user together and does not hold for root. The first look counts;
 * later ones cost one small file, and count only when the whole machine has got half of `most` processes and threads more.
 * Linux only: elsewhere nothing is watched.
 */
export function watchCrowd(tree: Omit<Tree, "graceMs">, most: number, onCrowd: () => void): () => void {
  let fewest = 0;
  const look = () => {
    const now = entities();
    if (now === undefined) return;
    fewest = Math.min(fewest, now);
    if (fewest > 0 && now - fewest < most / 2) return;
    fewest = now;
    if (tree.table.members(tree.pid, tree.mark, tree.startedAt).length <= most) return;
    clearInterval(timer);
    onCrowd();
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Processes and threads of this machine; undefined where the system does not say. */
function entities(): number | undefined {
  try {
    const count = /\/(\d+) /.exec(readFileSync("/proc/loadavg", "latin1"))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}
