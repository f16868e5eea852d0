import { Conflict, type Micros } from "@squall/model";
import type { EngineParts } from "./parts.ts";

/**
 * Times at which something has to happen unless it was cleared before. They follow from what is stored, so nothing is
 * kept for them: whoever sets them sets them again at start.
 */
export interface Deadlines {
  /**
   * Calls `then` at this time, or at once when it has passed. A Conflict means that there was nothing left to do; after any
   * other failure it is called again. `about` names what all deadlines of one thing have in common.
   */
  set(about: string, name: string, at: Micros, then: () => Promise<unknown>): void;
  /** Without a name: all of that thing. */
  clear(about: string, name?: string): void;
  close(): void;
}

/** setTimeout cannot wait longer. */
const LONGEST_MS = 2 ** 31 - 1;
/** The store may be full or locked for a while. */
const RETRY_MS = 5000;

export function createDeadlines(parts: EngineParts, what: string): Deadlines {
  const timers = new Map<string, Map<string, NodeJS.Timeout>>();
  let isClosed = false;

  const keep = (about: string, name: string, timer: NodeJS.Timeout) => {
    const own = timers.get(about) ?? new Map<string, NodeJS.Timeout>();
    clearTimeout(own.get(name));
    timers.set(about, own.set(name, timer));
  };
  const drop = (about: string, name: string) => {
    const own = timers.get(about);
    clearTimeout(own?.get(name));
    own?.delete(name);
    if (own?.size === 0) timers.delete(about);
  };
  const end = (about: string, name: string, then: () => Promise<unknown>) => {
    drop(about, name);
    then().catch((error: unknown) => {
      if (error instanceof Conflict || isClosed) return;
      parts.log.error({ about, err: error }, `${what} could not be stored; trying again`);
      keep(about, name, setTimeout(end, RETRY_MS, about, name, then).unref());
    });
  };
  return {
    set(about, name, at, then) {
      if (isClosed) return;
      const wait = () => {
        const ms = Math.ceil((at - parts.now()) / 1000);
        if (ms <= 0) end(about, name, then);
        else keep(about, name, setTimeout(wait, Math.min(ms, LONGEST_MS)));
      };
      wait();
    },
    clear(about, name) {
      if (name !== undefined) return drop(about, name);
      for (const one of timers.get(about)?.keys() ?? []) drop(about, one);
    },
    close() {
      isClosed = true;
      for (const [about, own] of timers) for (const name of own.keys()) drop(about, name);
    },
  };
}
