import type { Change } from "@squall/store";
import type { EngineParts } from "./parts.ts";

/** Expired keys and tokens are not shown any more from the moment they expire; this only frees their room. */
const EVERY_MS = 60_000;
const BATCH = 500;

/** Code of packs is looked at every so many rounds: its store reads everything that may name it. */
const CODE_EVERY = 10;
/**
 * An engine that has not heard of an update yet may still ask for the code before it; and a pack that is removed and
 * installed again need not be sent again.
 */
const CODE_IDLE_MS = 60 * 60_000;

/** Removes what has expired, now and then, until disposed. */
export function startCollector(parts: EngineParts): AsyncDisposable {
  let collecting: Promise<void> = Promise.resolve();
  let rounds = 0;
  const timer = setInterval(() => {
    collecting = round(parts, ++rounds % CODE_EVERY === 0).catch((error: unknown) =>
      parts.log.error({ err: error }, "what has expired could not be removed; trying again in a minute"),
    );
  }, EVERY_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await collecting;
    },
  };
}

async function round(parts: EngineParts, code: boolean): Promise<void> {
  await collect(parts);
  if (!code) return;
  const forgotten = await parts.store.forgetArchives(CODE_IDLE_MS);
  if (forgotten > 0) parts.log.info({ archives: forgotten }, "code of packs that nothing names any more was removed");
}

export async function collect(parts: EngineParts): Promise<number> {
  let removed = 0;
  for (;;) {
    const now = parts.now();
    const keys = await parts.store.expiredKeys(now, BATCH);
    const tokens = await parts.store.expiredTokens(now, BATCH);
    const changes: Change[] = [
      ...keys.map(
        // the version guards a key that was written anew between the look and this
        ({ project, scope, user, name, version }): Change => ({
          kind: "key.delete",
          project,
          scope,
          user,
          name,
          expect: version,
        }),
      ),
      ...tokens.map(({ hash }): Change => ({ kind: "token.delete", hash })),
    ];
    if (changes.length === 0) return removed;
    const results = await Promise.all(changes.map((change) => parts.store.commit([change])));
    const done = results.filter((one) => one.ok).length;
    removed += done;
    if (done === 0) return removed;
  }
}
