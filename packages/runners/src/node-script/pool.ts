import { stat } from "node:fs/promises";
import type { Environment, ProcessEnd } from "@squall/processes";
import { type Host, type HostLimits, type HostRun, NOTHING, startHost } from "./host-process.ts";

/** Warm processes, each bound to the pack (at one state of its content) whose action it ran first. */
export interface HostPool extends AsyncDisposable {
  /** Runs on a warm process of this `key`, or a new one. */
  run(key: string, run: HostRun, isFresh: boolean): Promise<ProcessEnd>;
}

export interface PoolLimits extends HostLimits {
  /** Idle processes that are kept at most; each has about 45 MB. */
  readonly idle: number;
  /** How long one stays idle, in milliseconds. */
  readonly idleMs: number;
}

interface Idle {
  readonly key: string;
  readonly host: Host;
  readonly timer: NodeJS.Timeout;
}

/**
 * One spare process without a pack is kept ready after the first use, so that a pack's first action need not wait for
 * Node to start.
 */
export function createHostPool(environment: Environment, limits: PoolLimits): HostPool {
  /** Oldest first. */
  const idle: Idle[] = [];
  let spare: Host | undefined;
  let isClosed = false;

  const drop = (one: Idle) => {
    clearTimeout(one.timer);
    idle.splice(idle.indexOf(one), 1);
    void one.host.end();
  };
  const keep = (key: string, host: Host) => {
    const one: Idle = { key, host, timer: setTimeout(() => drop(one), limits.idleMs).unref() };
    idle.push(one);
    const oldest = idle[0];
    if (idle.length > limits.idle && oldest) drop(oldest);
  };
  /** The one that was used last, so that the others can grow old. */
  const takeIdle = async (key: string): Promise<Host | undefined> => {
    for (;;) {
      const one = idle.findLast((each) => each.key === key);
      if (!one) return undefined;
      clearTimeout(one.timer);
      idle.splice(idle.indexOf(one), 1);
      if (one.host.isUsable && (await isCurrent(one.host))) return one.host;
      void one.host.end();
    }
  };
  const takeNew = async (): Promise<Host> => {
    const host = spare?.isUsable ? spare : startHost(environment, limits);
    spare = undefined;
    await host.ready;
    return host;
  };

  return {
    async run(key, run, isFresh) {
      let host: Host;
      try {
        host = (isFresh ? undefined : await takeIdle(key)) ?? (await takeNew());
      } catch (error) {
        return {
          kind: "not-started",
          code: -1,
          ...NOTHING,
          error: error instanceof Error ? error.message : String(error),
        };
      }
      const end = await host.run(run);
      if (isFresh) void host.end();
      else if (host.isUsable && !isClosed) keep(key, host);
      else if (isClosed) void host.end();
      if (!isClosed) spare ??= startHost(environment, limits);
      return end;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      for (const { timer } of idle) clearTimeout(timer);
      const hosts = [...idle.splice(0).map(({ host }) => host), ...(spare ? [spare] : [])];
      spare = undefined;
      await Promise.all(hosts.map((host) => host.end()));
    },
  };
}

/** Whether no file that it loaded has changed since. */
async function isCurrent(host: Host): Promise<boolean> {
  const times = await Promise.all(
    Object.entries(host.loaded).map(
      async ([path, time]) => (await stat(path).catch(() => undefined))?.mtimeMs === time,
    ),
  );
  return times.every(Boolean);
}
