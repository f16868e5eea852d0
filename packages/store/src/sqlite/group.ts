import { type SquallError, TooMany, Unavailable } from "@squall/model";
import type { Change, Committed } from "../changes.ts";
import { applyChange } from "./apply.ts";
import type { Database } from "./database.ts";
import { badChange, isBroken, storeFailure } from "./failures.ts";

/**
 * Group commit. Whatever is asked for in one turn of the event loop is written in one transaction, so that many callers
 * share one sync of the disk and a single one waits for no timer.
 *
 * G1  Jobs happen in the order in which they were asked for (S4), each whole or not at all (S2).
 * G2  A job's promise settles after the commit that holds it, never before (S1).
 * G3  A transaction begins and ends within one turn, so no read on the connection sees half of it (S3, S5).
 * G4  When the disk fails, every job of the group is rejected and nothing of the group happened; the next group tries
 *     anew.
 * G5  When a job is at fault, it alone is undone.
 */
export interface Groups {
  commit(changes: readonly Change[]): Promise<Committed>;
  /** Something else that writes: `write` returns what the promise resolves with. */
  enqueue<T>(write: (db: Database) => T): Promise<T>;
  /** Why writing fails: the last group's failure, if that is not long ago. Damage stays until the next start. */
  trouble(): SquallError | undefined;
  /** Writes what waits; what is asked for afterwards is refused. */
  close(): void;
}

/** One event loop turn is held for this long at most by a group; the rest waits for the next turn, after I/O. */
const GROUP_MS = 25;
/** Waiting jobs; a process that is this far behind must say so instead of growing. */
const QUEUE = 100_000;

/**
 * A failure counts as the present state for so long when nothing was written since. It has to end: where failing health
 * keeps callers away, no write would ever come to show that all is well again.
 */
const TROUBLE_MS = 30_000;

interface Job {
  /** Returns what to settle with, and whether what it wrote is to be undone. */
  run(): { readonly value: unknown; readonly undo: boolean };
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export function createGroups(db: Database): Groups {
  let queue: Job[] = [];
  let immediate: NodeJS.Immediate | undefined;
  let isClosed = false;
  let trouble: { readonly failure: SquallError; readonly at: number } | undefined;

  function add<T>(run: Job["run"]): Promise<T> {
    if (isClosed) {
      return Promise.reject(new Unavailable("store.closed", { message: `the store ${db.file} is closed` }));
    }
    if (queue.length >= QUEUE) {
      return Promise.reject(
        new TooMany("store.queue-full", {
          message: `${QUEUE} writes to ${db.file} are waiting already; slow down, or use a faster disk`,
        }),
      );
    }
    return new Promise<T>((resolve, reject) => {
      // Cast: `run` of the same call makes the value.
      queue.push({ run, resolve: resolve as Job["resolve"], reject });
      immediate ??= setImmediate(turn);
    });
  }

  function turn(): void {
    immediate = undefined;
    const jobs = queue;
    const taken = writeGroup(jobs);
    queue = taken < jobs.length ? jobs.slice(taken) : [];
    if (queue.length > 0) immediate = setImmediate(turn);
  }

  /** Writes the first of the jobs and settles them. Returns how many. */
  function writeGroup(jobs: readonly Job[]): number {
    const deadline = performance.now() + GROUP_MS;
    try {
      // Savepoints for all would copy every page that a list touches. Nearly always no list needs to be undone, so
      // they are taken only when it turns out that one does.
      const settle = runAll(jobs, deadline, false) ?? runAll(jobs, deadline, true) ?? [];
      if (trouble !== undefined && trouble.failure.code !== DAMAGE) trouble = undefined;
      settle.forEach((done) => done());
      return settle.length;
    } catch (error) {
      db.rollback(); // G4
      const failure = storeFailure(error, db.file);
      if (trouble?.failure.code !== DAMAGE) trouble = { failure, at: performance.now() };
      jobs.forEach((job) => job.reject(failure));
      return jobs.length;
    }
  }

  /** One transaction. Undefined, and nothing happened, when a job has to be undone and there are no savepoints. */
  function runAll(jobs: readonly Job[], deadline: number, savepoints: boolean): (() => void)[] | undefined {
    const settle: (() => void)[] = [];
    db.run("begin immediate");
    for (const job of jobs) {
      if (settle.length > 0 && performance.now() > deadline) break;
      if (savepoints) db.run("savepoint list");
      let undo: boolean;
      try {
        const { value, undo: isRefused } = job.run();
        undo = isRefused;
        settle.push(() => job.resolve(value));
      } catch (error) {
        if (isBroken(error)) throw error;
        undo = true; // G5
        const failure = faultOf(error, db.file);
        settle.push(() => job.reject(failure));
      }
      if (undo && !savepoints) {
        db.rollback();
        return undefined;
      }
      if (undo) db.rollbackList();
      else if (savepoints) db.run("release list");
    }
    db.run("commit");
    return settle;
  }

  return {
    commit(changes) {
      const list = [...changes]; // the caller's array may be another one by the time it is written
      return add(() => applyList(db, list));
    },
    enqueue: (write) => add(() => ({ value: write(db), undo: false })),
    trouble() {
      if (trouble === undefined) return undefined;
      const isOver = trouble.failure.code !== DAMAGE && performance.now() - trouble.at > TROUBLE_MS;
      return isOver ? undefined : trouble.failure;
    },
    close() {
      isClosed = true;
      clearImmediate(immediate);
      while (queue.length > 0) queue = queue.slice(writeGroup(queue));
    },
  };
}

const DAMAGE = "store.corrupt";
const OK: Committed = { ok: true };
const NOTHING = { value: OK, undo: false };

function applyList(db: Database, changes: readonly Change[]): { value: Committed; undo: boolean } {
  for (const [index, change] of changes.entries()) {
    const refusal = applyChange(db, change);
    if (refusal) {
      const wroteNothing = index === 0 && change.kind !== "output.append";
      return { value: { ok: false, index, ...refusal }, undo: !wroteNothing };
    }
  }
  return NOTHING;
}

/** An error that the content of one list caused. */
function faultOf(error: unknown, file: string): SquallError {
  return error instanceof Error && "errcode" in error ? storeFailure(error, file) : badChange(error);
}
