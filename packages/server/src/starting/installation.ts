import type { Vault } from "@squall/engine";
import { Unavailable } from "@squall/model";
import type { Store } from "@squall/store";

/**
 * The id of the installation whose store this is. Throws Unavailable `server.key.other` when the store was written with another
 * key: what is sealed in it could not be opened, and what this process seals could be opened by nobody else.
 */
export async function installationOf(
  store: Pick<Store, "installation">,
  vault: Pick<Vault, "seal" | "open">,
  newId: () => string,
): Promise<string> {
  const offered = newId();
  const { id, seal } = await store.installation({ id: offered, seal: vault.seal(offered, "installation") });
  try {
    if (vault.open(seal, "installation") === id) return id;
  } catch {
    // said below
  }
  throw new Unavailable("server.key.other", {
    message:
      "the store belongs to an installation with another encryption key: give this process the key file of that installation (--key-file, or encryption.key in --data), or another --store",
  });
}
