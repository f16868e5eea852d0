import type { JsonObject } from "./json.ts";
import type { Micros } from "./time.ts";

/** The tenant that every row belongs to until Keystone brings more. */
export const DEFAULT_PROJECT = "default";
/** StackStorm's system user: what rules run as. */
export const SYSTEM_USER = "stanley";

/** What the processes of sensors sign in as, as in StackStorm. */
export const SENSOR_USER = "sensors_container";

export interface User {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  /** PHC string of argon2id; absent for users who sign in elsewhere. */
  readonly password?: string;
  readonly roles: readonly string[];
  readonly enabled: boolean;
  readonly created: Micros;
}

export interface Token {
  readonly id: string;
  readonly project: string;
  readonly user: string;
  /** SHA-256 of the token, hex: the token itself is shown once and not kept. */
  readonly hash: string;
  readonly expires: Micros;
  readonly metadata: JsonObject;
  readonly service: boolean;
}

export interface ApiKey {
  readonly id: string;
  readonly project: string;
  readonly user: string;
  /** SHA-256 of the key, hex; the key is random, so it needs no slow hash. */
  readonly hash: string;
  readonly metadata: JsonObject;
  readonly enabled: boolean;
  readonly created: Micros;
}

/** Who asks. Every request, rule and execution has one. */
export interface Principal {
  readonly user: string;
  readonly project: string;
  readonly roles: readonly string[];
  readonly method: "token" | "api-key" | "execution" | "sensor" | "internal" | "anonymous";
  /** Set when the credentials are those of a running execution. */
  readonly execution?: string;
  /** Set when the credentials are those of a running sensor: its id. */
  readonly sensor?: string;
  /** The action of that execution. */
  readonly action?: string;
}
