import { readdirSync, readFileSync } from "node:fs";

/** Set for every child; marks a process as belonging to an execution wherever it moves. */
export const MARK = "SQUALL_EXECUTION";

/**
 * The mark of a process that starts those of executions by forking, with room for the execution's id: a fork has its
 * parent's environment until it writes the id over it.
 */
export const BLANK_MARK = "-".repeat(64);

/** Which processes there are, as one look at the machine that many runs may share. */
export interface ProcessTable {
  /**
   * The live processes that belong to a run: those of the leader's group and session, those that carry its mark in
   * their environment (they called setsid, or were adopted by init), and the descendants of all these. What cleared its
   * environment *and* lost every parent *and* left the session cannot be told from a stranger and is not found.
   * Linux only: elsewhere the list is empty and the group kill must do.
   *
   * The look is up to 20 ms old but newer than `notBefore` (`performance.now()` after the run's start). An empty answer
   * is final: who was not there then has nobody left to be started by.
   */
  members(leader: number, mark: string, notBefore: number): number[];
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly mark: string | undefined;
}

/** When a thousand runs are canceled at once they must not each read all of /proc. */
const SHARED_MS = 20;

export function createProcessTable(): ProcessTable {
  let rows: readonly Row[] = [];
  let taken = Number.NEGATIVE_INFINITY;
  // By pid and start time. What a process was started with does not change, but for blank marks, and most processes
  // are not ours.
  let marks = new Map<string, string | undefined>();

  function look(): void {
    taken = performance.now();
    const known = marks;
    marks = new Map();
    rows = processIds().flatMap((pid) => {
      const stat = read(`/proc/${pid}/stat`)?.toString("latin1");
      if (stat === undefined) return [];
      // The command name is in parentheses and may hold anything, so fields are counted after the last one.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const [state, parent, group, session] = fields;
      if (state === "Z" || state === "X") return [];
      const key = `${pid} ${fields[19]}`;
      const mark = known.has(key) ? known.get(key) : markOf(pid);
      if (mark !== BLANK_MARK) marks.set(key, mark);
      return [{ pid, parent: Number(parent), group: Number(group), session: Number(session), mark }];
    });
  }

  return {
    members(leader, mark, notBefore) {
      if (taken <= notBefore || performance.now() - taken > SHARED_MS) look();
      const members = new Set<number>();
      // A process that never started has no id: 0 would be the group of init, and all are below that. Likewise most
      // processes of a machine have no mark, and warm ones a blank one.
      const hasLeader = leader > 1;
      const hasMark = typeof mark === "string" && mark !== "" && mark !== BLANK_MARK;
      for (const row of rows) {
        if (row.pid === process.pid || row.pid === 1) continue;
        if (hasLeader && (row.group === leader || row.session === leader)) members.add(row.pid);
        if (hasMark && row.mark === mark) members.add(row.pid);
      }
      for (let before = -1; before !== members.size; ) {
        before = members.size;
        for (const row of rows) if (members.has(row.parent)) members.add(row.pid);
      }
      return [...members];
    },
  };
}

function processIds(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return []; // not Linux
  }
}

function markOf(pid: number): string | undefined {
  const environment = read(`/proc/${pid}/environ`)?.toString("latin1");
  return environment === undefined ? undefined : new RegExp(`(?:^|\\0)${MARK}=([^\\0]*)`).exec(environment)?.[1];
}

/** Undefined when the process went away in between or is not ours to look at. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
