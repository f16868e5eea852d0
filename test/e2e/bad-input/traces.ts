import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";

/** What a server holds of its machine. */
export interface Traces {
  /** What its own descriptors lead to. */
  readonly descriptors: readonly string[];
  /** The command lines of the processes below it, and of those that got away from it. */
  readonly processes: readonly string[];
  /** Everything below its folder for temporary files. */
  readonly files: readonly string[];
}

/** Looks at a server that was started with a TMPDIR that nobody else has: whatever comes from it has that in its environment. */
export function tracesOf(pid: number, temporary: string): Traces {
  return {
    descriptors: names(`/proc/${pid}/fd`)
      .map((fd) => quietly(() => readlinkSync(`/proc/${pid}/fd/${fd}`)))
      .filter((target) => target !== "")
      // The number of a socket says nothing about what it is for.
      .map((target) => target.replace(/\[\d+\]/, "")),
    processes: processesOf(pid, temporary),
    files: readdirSync(temporary, { recursive: true, withFileTypes: true }).map((entry) =>
      relative(temporary, join(entry.parentPath, entry.name)),
    ),
  };
}

function processesOf(server: number, temporary: string): string[] {
  const parents = new Map<number, number>();
  const marked = new Set<number>();
  for (const name of names("/proc").filter((one) => /^\d+$/.test(one))) {
    const pid = Number(name);
    const stat = quietly(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (stat === "" || pid === server) continue;
    // A zombie that is not waited for is a leak as well.
    parents.set(pid, Number(parent));
    const environment = quietly(() => readFileSync(`/proc/${pid}/environ`, "latin1"));
    if (state !== "Z" && environment.split("\0").includes(`TMPDIR=${temporary}`)) marked.add(pid);
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === server || isBelow(parents.get(pid)));
  return [...parents.keys()]
    .filter((pid) => marked.has(pid) || isBelow(pid))
    .map((pid) => quietly(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ") || `zombie ${pid}`);
}

/** What `after` has more of than `before`, one line each. */
export function more(before: Traces, after: Traces): string[] {
  return (["descriptors", "processes", "files"] as const).flatMap((kind) => {
    const rest = [...after[kind]];
    for (const one of before[kind]) {
      const at = rest.indexOf(one);
      if (at >= 0) rest.splice(at, 1);
    }
    return after[kind].length > before[kind].length ? rest.map((one) => `${kind}: ${one}`) : [];
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty for what went away while we looked. */
function quietly(look: () => string): string {
  try {
    return look();
  } catch {
    return "";
  }
}
