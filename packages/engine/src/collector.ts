import type { Change } from "@squall/store";
import type { EngineParts } from "./parts.ts";

/** Expired keys and tokens are not shown any more from the moment they expire; this only frees their room. */
const EVERY_MS = 60_000;
const BATCH = 500;
/** Rows of the history that are looked at in one go; what is written waits for it. */
const FORGET_BATCH = 200;
const DAY_MICROS = 86_400_000_000;

/** Removes what has expired, and what of the history is older than it is kept, now and then, until disposed. */
export function startCollector(parts: EngineParts): AsyncDisposable {
  const over = new AbortController();
  let collecting: Promise<void> | undefined;
  const turn = async (): Promise<void> => {
    await collect(parts).catch((error: unknown) =>
      parts.log.error({ err: error }, "expired keys and tokens could not be removed; trying again in a minute"),
    );
    await forgetOld(parts, over.signal).catch((error: unknown) =>
      parts.log.error({ err: error }, "old history could not be removed; trying again in a minute"),
    );
    collecting = undefined;
  };
  const timer = setInterval(() => (collecting ??= turn()), EVERY_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      over.abort();
      await collecting;
    },
  };
}

/** Forgets what ended longer ago than the history is kept, and makes room for what is to come. How many executions are gone. */
export async function forgetOld(parts: EngineParts, signal: AbortSignal): Promise<number> {
  let executions = 0;
  let events = 0;
  for (let more = true; more && !signal.aborted; ) {
    const now = parts.now();
    const before = parts.keepDays === undefined ? 0 : Math.max(0, now - parts.keepDays * DAY_MICROS);
    const gone = await parts.store.forget({ before, now, limit: FORGET_BATCH });
    executions += gone.executions;
    events += gone.events;
    ({ more } = gone);
  }
  if (executions + events > 0) parts.log.info({ executions, events }, "old history was removed");
  return executions;
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
