import { type Context, DECRYPT, keyLookup } from "@squall/expressions";
import { type KeyScope, SYSTEM_USER } from "@squall/model";
import type { EngineParts } from "../parts.ts";

/** Thrown through a template's evaluation when it reads a key that was not fetched yet. */
class NeedsKey extends Error {
  readonly needsKey: { readonly scope: KeyScope; readonly user: string; readonly name: string };
  constructor(scope: KeyScope, user: string, name: string) {
    super(`key ${name} has not been read yet`);
    this.needsKey = { scope, user, name };
  }
}

/** A render that reads more keys than this is refused: each costs a read of the store. */
const MOST_KEYS = 1000;

/** The part of a template's context that reads the datastore, and decrypts what it read. */
export type KeyContext = (user: string) => Context;

/**
 * Runs a synchronous evaluation that may read the datastore. The store answers later, so a read of an unknown key
 * stops the evaluation, the key is fetched, and the evaluation starts again; evaluations have no side effects. One that
 * reads no keys, which is nearly every one, runs once and allocates little.
 */
export function evaluateWithKeys<T>(
  parts: EngineParts,
  project: string,
  evaluate: (keys: KeyContext) => T,
): T | Promise<T> {
  let known: Map<string, string | undefined> | undefined;
  const read = (scope: KeyScope, user: string, name: string) => {
    const address = `${scope}\0${user}\0${name}`;
    if (!known?.has(address)) throw new NeedsKey(scope, user, name);
    return known.get(address);
  };
  const decrypt = (ciphertext: string) => parts.vault.open(ciphertext, "key");
  const keys: KeyContext = (user) => ({
    st2kv: {
      system: keyLookup((name) => read("st2kv.system", "", name)),
      user: keyLookup((name) => read("st2kv.user", user || SYSTEM_USER, name)),
    },
    system: keyLookup((name) => read("st2kv.system", "", name)),
    [DECRYPT]: decrypt,
  });
  const again = async (missing: NeedsKey): Promise<T> => {
    known = new Map();
    for (let next = missing; known.size < MOST_KEYS; ) {
      const { scope, user, name } = next.needsKey;
      known.set(`${scope}\0${user}\0${name}`, (await parts.store.key(project, scope, user, name, parts.now()))?.value);
      try {
        return evaluate(keys);
      } catch (thrown) {
        if (!(thrown instanceof NeedsKey)) throw thrown;
        next = thrown;
      }
    }
    throw new Error(`the template reads more than ${MOST_KEYS} keys of the datastore`);
  };
  try {
    return evaluate(keys);
  } catch (thrown) {
    if (thrown instanceof NeedsKey) return again(thrown);
    throw thrown;
  }
}
