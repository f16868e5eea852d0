import { readdirSync, readFileSync } from "node:fs";

/** Set for every child; marks a process as belonging to an execution wherever it moves. */
export const MARK = "SQUALL_EXECUTION";

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/**
 * The live processes that belong to a run: those of the leader's group and session, those that carry its mark in
 * their environment (they called setsid, or were adopted by init), and the descendants of all these. What cleared its
 * environment *and* lost every parent *and* left the session cannot be told from a stranger and is not found.
 * Linux only: elsewhere the list is empty and the group kill must do.
 */
export function findMembers(leader: number, mark: string): number[] {
  const rows = readRows();
  const needle = Buffer.from(`${MARK}=${mark}\0`);
  const members = new Set<number>();
  for (const row of rows) {
    if (row.pid === process.pid) continue;
    if (row.group === leader || row.session === leader || hasMark(row.pid, needle)) members.add(row.pid);
  }
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const row of rows) if (members.has(row.parent)) members.add(row.pid);
  }
  return [...members];
}

function readRows(): Row[] {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  const rows: Row[] = [];
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`)?.toString("latin1");
    if (stat === undefined) continue;
    // The command name is in parentheses and may hold anything, so fields are counted after the last one.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") continue;
    rows.push({ pid: Number(name), parent: Number(parent), group: Number(group), session: Number(session) });
  }
  return rows;
}

function hasMark(pid: number, needle: Buffer): boolean {
  const environment = read(`/proc/${pid}/environ`);
  if (environment === undefined) return false;
  const at = environment.indexOf(needle);
  return at === 0 || (at > 0 && environment[at - 1] === 0);
}

/** Undefined when the process went away in between or is not ours to look at. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
