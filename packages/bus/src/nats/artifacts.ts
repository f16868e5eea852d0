import { JetStreamApiError, jetstream } from "@nats-io/jetstream";
import { type ObjectStore, Objm } from "@nats-io/obj";
import { messageOf } from "@squall/model";
import { type NatsConnection, nanos } from "@nats-io/transport-node";
import { artifactDigest, checkArtifact, isArtifactDigest } from "../artifact-digest.ts";
import type { Artifacts } from "../port.ts";
import type { Link, Say } from "./link.ts";

export interface ArtifactLimits {
  /** What all artifacts together may take on the servers, in bytes. */
  readonly maxBytes: number;
  /** How long one is kept, in milliseconds. */
  readonly keepMs: number;
  /** On how many servers of NATS each is, where so many of them have JetStream; otherwise on one. */
  readonly replicas: 1 | 3 | 5;
}

const LARGEST_ARTIFACT = 256 * 1024 * 1024;
const ANSWER_MS = 2_000;
const LONGEST_GET_MS = 30_000;
const LONGEST_PUT_MS = 60_000;
/** After a failure: whoever wants an artifact goes to the store at once instead of waiting for NATS each time. */
const REST_MS = 60_000;
const BUCKET_FULL = 10077;

/**
 * Artifacts in an object store of JetStream, one bucket for a cluster. It is a cache: bounded and aged, the oldest goes
 * when there is no room; where the servers have no JetStream, or do not let us use it, everything is forgotten and
 * nobody waits for it. Three replicas, although the store has the original: a server that is away would take the whole
 * bucket along, just when the others' workers have most to fetch.
 */
export function createArtifacts(options: {
  readonly link: Link;
  readonly bucket: string;
  readonly limits: ArtifactLimits;
  readonly say: Say;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}): Artifacts & { readonly state: "unused" | "on" | "off" } {
  const { link, bucket, limits, say, now } = options;
  let opened: { readonly connection: NatsConnection; readonly store: Promise<ObjectStore> } | undefined;
  let restUntil = Number.NEGATIVE_INFINITY;
  let state: "unused" | "on" | "off" = "unused";

  function open(): Promise<ObjectStore> | undefined {
    const { connection } = link;
    if (!connection || now() < restUntil) return undefined;
    if (opened?.connection !== connection) opened = { connection, store: openBucket(connection) };
    return opened.store;
  }

  /** Takes the bucket as it is when there is one. */
  async function openBucket(connection: NatsConnection): Promise<ObjectStore> {
    const create = (replicas: number): Promise<ObjectStore> =>
      new Objm(jetstream(connection, { timeout: ANSWER_MS })).create(bucket, {
        description: "copies of pack code of Squall; can be deleted",
        max_bytes: limits.maxBytes,
        ttl: nanos(limits.keepMs),
        replicas,
      });
    try {
      return await create(limits.replicas);
    } catch (error) {
      // One server alone, a cluster with too few of them up, or one that another member makes at this moment.
      if (limits.replicas === 1 || !(error instanceof JetStreamApiError)) throw error;
      return await create(1);
    }
  }

  /** Whatever goes wrong costs the copy only. */
  async function attempt<T>(what: string, ms: number, work: (store: ObjectStore, over: AbortSignal) => Promise<T>) {
    const over = AbortSignal.timeout(ms);
    try {
      const store = await open();
      if (!store) return undefined;
      const done = await Promise.race([work(store, over), aborted(over)]);
      state = "on";
      return done;
    } catch (error) {
      opened = undefined;
      restUntil = now() + REST_MS;
      if (state !== "off")
        say("info", { why: messageOf(error) }, `NATS ${what} no artifacts; they come from the store`);
      state = "off";
      return undefined;
    }
  }

  return {
    async get(digest) {
      if (!isArtifactDigest(digest)) return undefined;
      const bytes = await attempt("gives", LONGEST_GET_MS, (store, over) => read(store, digest, over));
      // Whoever may write to the bucket is not believed for it.
      return bytes && artifactDigest(bytes) === digest ? bytes : undefined;
    },
    async put(digest, bytes) {
      checkArtifact(digest, bytes);
      // One that leaves room for no other would only drive them out.
      if (bytes.length > Math.min(LARGEST_ARTIFACT, limits.maxBytes / 2)) return;
      await attempt("keeps", LONGEST_PUT_MS, async (store) => {
        const there = await store.info(digest);
        // A second one would take the first one's pieces away from who reads them.
        if (there && !there.deleted && there.size === bytes.length) return;
        try {
          await store.putBlob({ name: digest }, bytes);
        } catch (error) {
          if (!(error instanceof JetStreamApiError) || error.code !== BUCKET_FULL) throw error;
          await makeRoom(store, bytes.length);
          await store.putBlob({ name: digest }, bytes);
        }
      });
    },
    get state() {
      return state;
    },
  };
}

/** The oldest goes. Who reads one of them just then goes to the store. */
async function makeRoom(store: ObjectStore, bytes: number): Promise<void> {
  const oldestFirst = (await store.list()).toSorted((one, other) => Date.parse(one.mtime) - Date.parse(other.mtime));
  let freed = 0;
  for (const { name, size } of oldestFirst) {
    // The servers count some bytes more for each piece.
    if (freed > bytes * 1.1) return;
    await store.delete(name);
    freed += size;
  }
}

async function read(store: ObjectStore, digest: string, over: AbortSignal): Promise<Uint8Array | undefined> {
  const found = await store.get(digest);
  // The same as the stream says; nobody else takes it, and a rejection that nobody takes ends the process.
  found?.error.catch(() => undefined);
  if (!found || found.info.size > LARGEST_ARTIFACT) {
    await found?.data.cancel();
    return undefined;
  }
  const reader = found.data.getReader();
  // A piece that has aged away is waited for in vain.
  const stop = () => void reader.cancel(over.reason).catch(() => undefined);
  over.addEventListener("abort", stop, { once: true });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return over.aborted ? undefined : Buffer.concat(pieces);
      bytes += value.length;
      if (bytes > found.info.size) {
        await reader.cancel();
        return undefined;
      }
      pieces.push(value);
    }
  } finally {
    over.removeEventListener("abort", stop);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("it took too long")), { once: true });
  });
}
