import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isContent } from "./digest.ts";
import { watchPack } from "./watch.ts";

/** A watch whose calls can be waited for one by one. */
async function watched(
  options: { quietMs: number; checkEveryMs: number },
  during?: (call: number, path: string) => Promise<void>,
) {
  const path = await mkdtemp(join(tmpdir(), "squall-watch-"));
  const stop = new AbortController();
  let calls = 0;
  let waiters: { count: number; resolve: () => void }[] = [];
  const ended = watchPack(
    path,
    async () => {
      calls++;
      await during?.(calls, path);
      waiters = waiters.filter(({ count, resolve }) => calls < count || resolve());
    },
    stop.signal,
    options,
  );
  return {
    path,
    calls: () => calls,
    reached: (count: number) =>
      new Promise<void>((resolve) => (calls >= count ? resolve() : waiters.push({ count, resolve }))),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      await rm(path, { recursive: true, force: true });
    },
  };
}

test("it calls once when the watch stands, and again after a change", async () => {
  await using watch = await watched({ quietMs: 5, checkEveryMs: 60_000 });
  await watch.reached(1);
  await writeFile(join(watch.path, "a.yaml"), "1");
  await watch.reached(2);
});

test("a change while it is told brings another call", async () => {
  await using watch = await watched({ quietMs: 5, checkEveryMs: 60_000 }, async (call, path) => {
    if (call === 2) await writeFile(join(path, "b.yaml"), "1");
  });
  await watch.reached(1);
  await writeFile(join(watch.path, "a.yaml"), "1");
  await watch.reached(3);
});

test("a file in a folder that was just made is found", async () => {
  const seen: number[] = [];
  await using watch = await watched({ quietMs: 1, checkEveryMs: 10 }, async (call) => void seen.push(call));
  await watch.reached(1);
  await mkdir(join(watch.path, "rules"));
  await writeFile(join(watch.path, "rules", "r.yaml"), "1");
  await watch.reached(2);
  const before = watch.calls();
  await writeFile(join(watch.path, "rules", "r.yaml"), "22");
  await watch.reached(before + 1);
});

test("what Python compiles while actions run is no change of the pack", () => {
  assert.equal(isContent("actions/lib/__pycache__/a.cpython-311.pyc.140113"), false);
  assert.equal(isContent("actions/a.pyc"), false);
  assert.equal(isContent(".git/index.lock"), false);
  assert.equal(isContent("actions/a.py"), true);
});

test("a folder that goes and comes back is watched on", async () => {
  await using watch = await watched({ quietMs: 5, checkEveryMs: 10 });
  await watch.reached(1);
  await writeFile(join(watch.path, "a.yaml"), "1");
  await watch.reached(2);
  await rm(watch.path, { recursive: true });
  await watch.reached(3);
  await mkdir(watch.path);
  const before = watch.calls();
  await writeFile(join(watch.path, "a.yaml"), "1");
  await watch.reached(before + 1);
});

test("a failure of the one who is told ends the watch with it", async () => {
  const path = await mkdtemp(join(tmpdir(), "squall-watch-"));
  const failing = async () => {
    throw new Error("cannot read");
  };
  await assert.rejects(watchPack(path, failing, new AbortController().signal), /cannot read/);
  await rm(path, { recursive: true });
});
