import type { Change } from "@squall/store";
import type { EngineParts } from "./parts.ts";

/** Expired keys and tokens are not shown any more from the moment they expire; this only frees their room. */
const EVERY_MS = 60_000;
const BATCH = 500;

/** Removes what has expired, now and then, until disposed. */
export function startCollector(parts: EngineParts): AsyncDisposable {
  let collecting: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    collecting = collect(parts).then(
      () => undefined,
      (error: unknown) =>
        parts.log.error({ err: error }, "expired keys and tokens could not be removed; trying again in a minute"),
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
