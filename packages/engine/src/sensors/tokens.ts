import { type Principal, SENSOR_USER } from "@squall/model";
import { createHash, randomBytes } from "node:crypto";
import type { EngineParts } from "../parts.ts";
import { postOf } from "./posting.ts";

/**
 * The credentials of running sensors, worth nothing once their process has ended. Where one process does everything they are
 * random and in memory. In a cluster any member must know them: they name sensor and member under the installation's key, and
 * are good while that member holds that sensor.
 */
export interface SensorTokens {
  issue(project: string, sensor: string): string;
  revoke(token: string): void;
  principalOf(token: string): Principal | undefined | Promise<Principal | undefined>;
}

const PREFIX = "sqs";
/** Who holds which sensor is read again after this long. */
const REMEMBER_MS = 2_000;

export function createSensorTokens(parts: Pick<EngineParts, "store" | "vault" | "worker">): SensorTokens {
  const principal = (project: string, sensor: string): Principal => ({
    user: SENSOR_USER,
    project,
    roles: [],
    method: "sensor",
    sensor,
  });
  if (!parts.store.exclusive) {
    let held: { readonly at: number; readonly by: Promise<ReadonlyMap<string, string>> } | undefined;
    const holders = (): Promise<ReadonlyMap<string, string>> => {
      if (held === undefined || performance.now() - held.at > REMEMBER_MS) {
        const by = parts.store.singletons().then((all) => new Map(all.map(({ name, member }) => [name, member])));
        by.catch(() => (held = undefined));
        held = { at: performance.now(), by };
      }
      return held.by;
    };
    return {
      issue: (project, sensor) => parts.vault.sensorToken({ project, sensor, member: parts.worker }),
      revoke: () => undefined,
      async principalOf(token) {
        const named = parts.vault.sensorOf(token);
        if (named === undefined) return undefined;
        const { project, sensor, member } = named;
        const holder = (await holders()).get(postOf({ project, id: sensor }));
        return holder === member ? principal(project, sensor) : undefined;
      },
    };
  }
  // By hash: looking a secret up as it is takes a time that depends on it.
  const principals = new Map<string, Principal>();
  const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
  return {
    issue(project, sensor) {
      const token = PREFIX + randomBytes(32).toString("base64url");
      principals.set(hashOf(token), principal(project, sensor));
      return token;
    },
    revoke: (token) => void principals.delete(hashOf(token)),
    principalOf: (token) => (token.startsWith(PREFIX) ? principals.get(hashOf(token)) : undefined),
  };
}
