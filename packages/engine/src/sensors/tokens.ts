import { type Principal, SENSOR_USER } from "@squall/model";
import { createHash, randomBytes } from "node:crypto";

/** The credentials of running sensors: random, kept in memory, worth nothing once their process has ended. */
export interface SensorTokens {
  issue(project: string, sensor: string): string;
  revoke(token: string): void;
  principalOf(token: string): Principal | undefined;
}

const PREFIX = "sqs";

export function createSensorTokens(): SensorTokens {
  // By hash: looking a secret up as it is takes a time that depends on it.
  const principals = new Map<string, Principal>();
  const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
  return {
    issue(project, sensor) {
      const token = PREFIX + randomBytes(32).toString("base64url");
      principals.set(hashOf(token), { user: SENSOR_USER, project, roles: [], method: "sensor", sensor });
      return token;
    },
    revoke: (token) => void principals.delete(hashOf(token)),
    principalOf: (token) => (token.startsWith(PREFIX) ? principals.get(hashOf(token)) : undefined),
  };
}
