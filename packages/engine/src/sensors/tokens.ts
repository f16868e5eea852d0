import { type Principal, SENSOR_USER, SquallError, Unavailable } from "@squall/model";
import { createHash, randomBytes } from "node:crypto";
import type { EngineParts } from "../parts.ts";

/**
 * The credentials of running sensors, worth nothing once their process has ended. Where one process does everything they are
 * random and in memory. In a cluster any member must know them: they name sensor and member under the installation's key, and
 * are good while that member has their row, which goes with the sensor's process, or with the member.
 */
export interface SensorTokens {
  /** Rejects with Unavailable while this process is no member of its cluster. */
  issue(project: string, sensor: string): Promise<string>;
  revoke(token: string): void;
  principalOf(token: string): Promise<Principal | undefined>;
}

const PREFIX = "sqs";
/** Which of the other members' are good is read again after this long. */
const REMEMBER_MS = 2_000;
const AGAIN_MS = 1_000;

// By hash: looking a secret up as it is takes a time that depends on it.
const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

function principal(project: string, sensor: string): Principal {
  return { user: SENSOR_USER, project, roles: [], method: "sensor", sensor };
}

export function createSensorTokens(parts: Pick<EngineParts, "store" | "vault" | "worker" | "log">): SensorTokens {
  return parts.store.exclusive ? inMemory() : inCluster(parts);
}

function inMemory(): SensorTokens {
  const principals = new Map<string, Principal>();
  return {
    async issue(project, sensor) {
      const token = PREFIX + randomBytes(32).toString("base64url");
      principals.set(hashOf(token), principal(project, sensor));
      return token;
    },
    revoke: (token) => void principals.delete(hashOf(token)),
    principalOf: async (token) => (token.startsWith(PREFIX) ? principals.get(hashOf(token)) : undefined),
  };
}

function inCluster({
  store,
  vault,
  worker,
  log,
}: Pick<EngineParts, "store" | "vault" | "worker" | "log">): SensorTokens {
  const rowOf = (token: string): string => `sensor-token/${hashOf(token)}`;
  /** Rows of this member's own, which it need not read. */
  const own = new Set<string>();
  let read = { at: Number.NEGATIVE_INFINITY, holders: Promise.resolve(new Map<string, string>()) };
  const holders = (ageMs: number): Promise<ReadonlyMap<string, string>> => {
    if (performance.now() - read.at > ageMs) {
      const rows = store.singletons().then((all) => new Map(all.map(({ name, member }) => [name, member])));
      const fresh = { at: performance.now(), holders: rows };
      rows.catch(() => {
        if (read === fresh) read = { ...fresh, at: Number.NEGATIVE_INFINITY };
      });
      read = fresh;
    }
    return read.holders;
  };
  const release = async (name: string, isFirst = true): Promise<void> => {
    try {
      await store.commit([{ kind: "singleton.release", name, member: worker }]);
    } catch (error) {
      // The member's row goes when it leaves, and this one with it.
      if (error instanceof SquallError && error.code === "store.closed") return;
      if (isFirst) log.warn({ err: error }, "credentials of a sensor that ended are not taken back yet; trying again");
      setTimeout(() => void release(name, false), AGAIN_MS).unref();
    }
  };
  return {
    async issue(project, sensor) {
      const token = vault.sensorToken({ project, sensor, member: worker });
      const taken = await store.commit([{ kind: "singleton.take", name: rowOf(token), member: worker }]);
      if (!taken.ok) throw new Unavailable("sensor.no-member", { message: `no credentials for it: ${taken.message}` });
      own.add(rowOf(token));
      return token;
    },
    revoke(token) {
      own.delete(rowOf(token));
      void release(rowOf(token));
    },
    async principalOf(token) {
      const named = vault.sensorOf(token);
      if (named === undefined) return undefined;
      const { project, sensor, member } = named;
      const row = rowOf(token);
      // One that was made since the last look is looked for at once; only who has the key can make one.
      const isGood =
        member === worker
          ? own.has(row)
          : (await holders(REMEMBER_MS)).get(row) === member || (await holders(0)).get(row) === member;
      return isGood ? principal(project, sensor) : undefined;
    },
  };
}
