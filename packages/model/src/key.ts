import type { Micros } from "./time.ts";

/** Full scope names as the API stores and returns them. */
export const KEY_SCOPES = ["st2kv.system", "st2kv.user"] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** An entry of the datastore. */
export interface Key {
  readonly id: string;
  readonly project: string;
  readonly scope: KeyScope;
  /** Owner of a user-scoped key, "" for system keys. */
  readonly user: string;
  readonly name: string;
  /** Ciphertext when `secret`. */
  readonly value: string;
  readonly secret: boolean;
  readonly description?: string;
  readonly expires?: Micros;
  /** Grows by one with every write; compare-and-set names it. */
  readonly version: number;
  readonly updated: Micros;
}
