import type { Change } from "@squall/store";
import type { EngineParts } from "./parts.ts";

/** Expired keys and tokens are not shown any more from the moment they expire; this only frees their room. */
const EVERY_MS = 60_000;
const BATCH = 500;
/** Rows of the history that are looked at in one go; what is written waits for it. */
const FORGET_BATCH = 200;
const DAY_MICROS = 86_400_000_000;

/** Code of packs is looked at every so many rounds: its store reads everything that may name it. */
const CODE_EVERY = 10;
/**
 * An engine that has not heard of an update yet may still ask for the code before it; and a pack that is removed and
 * installed again need not be sent again.
 */
const CODE_IDLE_MS = 60 * 60_000;

/** Removes what has expired, and what of the history is older than it is kept, now and then, until disposed. */
export function startCollector(parts: EngineParts): AsyncDisposable {
  const over = new AbortController();
  let rounds = 0;
  let collecting: Promise<void> | undefined;
  const turn = async (): Promise<void> => {
    await round(parts, ++rounds % CODE_EVERY === 0).catch((error: unknown) =>
      parts.log.error({ err: error }, "what has expired could not be removed; trying again in a minute"),
    );
    await forgetOld(parts, over.signal).catch((error: unknown) =>
      parts.log.error({ err: error }, "old history could not be removed; trying again in a minute"),
    );
    collecting = undefined;
  };
  const timer = setInterval(() => {
    collecting ??= turn();
  }, EVERY_MS);
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
