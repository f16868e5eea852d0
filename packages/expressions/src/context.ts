/** Turns a stored secret's ciphertext into its plain text; what it throws reaches the template's error. */
export type Decrypt = (ciphertext: string) => string;

/** The property of a context under which the filter `decrypt_kv` finds its key; templates cannot name it. */
export const DECRYPT: unique symbol = Symbol("decrypt");

/**
 * What templates see: names to values. Values are JSON, or lookups made by `keyLookup`. A context that may decrypt secrets
 * carries a function under `DECRYPT`: `{ ...names, [DECRYPT]: (ciphertext) => ... }`.
 */
export interface Context {
  readonly [name: string]: unknown;
  readonly [DECRYPT]?: Decrypt | undefined;
}
