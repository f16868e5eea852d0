import { messageOf, Unavailable } from "@squall/model";
import { digestOfArchive } from "@squall/packs";
import type { Store } from "@squall/store";
import type { Log } from "../parts.ts";

/** Copies of archives that are nearer than the store; any of them may be gone, or wrong. */
export interface NearArchives {
  get(digest: string): Promise<Uint8Array | undefined>;
  put(digest: string, bytes: Uint8Array): Promise<void>;
}

export interface FetchDeps {
  readonly store: Pick<Store, "archive">;
  readonly near?: NearArchives | undefined;
  readonly log: Log;
}

/**
 * The bytes of an archive: from nearby, else from the store, and then they are put nearby for the others. Whatever gave
 * them, they have the digest. Throws Unavailable when nobody has them, or what the store has is damaged.
 */
export async function fetchArchive({ store, near, log }: FetchDeps, digest: string): Promise<Uint8Array> {
  try {
    const bytes = await near?.get(digest);
    if (bytes !== undefined && digestOfArchive(bytes) === digest) return bytes;
    if (bytes !== undefined) log.warn({ archive: digest }, "a copy of a pack's code is damaged; the store is asked");
  } catch (error) {
    log.warn(
      { archive: digest, error: messageOf(error) },
      "a copy of a pack's code could not be had; the store is asked",
    );
  }
  const bytes = await store.archive(digest);
  if (bytes === undefined) {
    throw new Unavailable("code.missing", {
      message: `the code of the pack (archive ${digest}) is neither on this machine nor in the store; register the pack again (squall pack register), on a machine that has its folder`,
    });
  }
  if (digestOfArchive(bytes) !== digest) {
    throw new Unavailable("code.damaged", {
      message: `the code of the pack that the store has as ${digest} is damaged; register the pack again, on a machine that has its folder`,
    });
  }
  await near?.put(digest, bytes).catch((error: unknown) => {
    // The next one asks the store as well.
    log.warn({ archive: digest, error: messageOf(error) }, "a copy of a pack's code could not be kept nearby");
  });
  return bytes;
}
