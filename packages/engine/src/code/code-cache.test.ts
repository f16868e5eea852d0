import assert from "node:assert/strict";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { archivePack, type PackArchive } from "@squall/packs";
import { createCodeCache } from "./code-cache.ts";
import { aFolder, write } from "./some-code.ts";

async function anArchive(t: TestContext, text: string): Promise<PackArchive> {
  const pack = await aFolder(t);
  await write(pack, { "pack.yaml": "name: p\n", text: text });
  return archivePack(pack);
}

/** A cache on a folder, which counts how often it fetches. */
function aCache(folder: string, archives: readonly PackArchive[], mostBytes = 1e9, used: readonly string[] = []) {
  const fetched: string[] = [];
  const cache = createCodeCache({
    folder,
    mostBytes,
    async fetch(digest) {
      fetched.push(digest);
      const found = archives.find((one) => one.digest === digest);
      if (!found) throw new Error("no such archive");
      return found.bytes;
    },
    inUse: () => (base) => used.some((digest) => base.endsWith(digest)),
  });
  return { cache, fetched };
}

async function longUnused(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await utimes(join(folder, name), 1, 1);
}

test("a digest is fetched once, however many ask, and found again by the next process", async (t) => {
  const folder = join(await aFolder(t), "code");
  const archive = await anArchive(t, "hello");
  const one = aCache(folder, [archive]);
  const held = await Promise.all(Array.from({ length: 5 }, () => one.cache.hold(archive.digest, "p")));
  assert.deepEqual(new Set(held.map(({ path }) => path)), new Set([join(folder, archive.digest, "p")]));
  assert.equal(await readFile(join(folder, archive.digest, "p", "text"), "utf8"), "hello");
  const next = aCache(folder, [archive]);
  await next.cache.hold(archive.digest, "p");
  assert.deepEqual([one.fetched.length, next.fetched.length], [1, 0]);
});

test("of two processes that unpack at the same time one is taken, and nothing is left of the other", async (t) => {
  const folder = join(await aFolder(t), "code");
  const archive = await anArchive(t, "hello");
  const [one, two] = [aCache(folder, [archive]), aCache(folder, [archive])];
  const held = await Promise.all([one.cache.hold(archive.digest, "p"), two.cache.hold(archive.digest, "p")]);
  assert.equal(held[0].path, held[1].path);
  assert.deepEqual(await readdir(folder), [archive.digest]);
});

test("what is not what was unpacked is unpacked anew by the next process, what is gone by the same one", async (t) => {
  const folder = join(await aFolder(t), "code");
  const archive = await anArchive(t, "hello");
  const { path } = await aCache(folder, [archive]).cache.hold(archive.digest, "p");
  await writeFile(join(path, "text"), "");
  const next = aCache(folder, [archive]);
  await next.cache.hold(archive.digest, "p");
  assert.equal(await readFile(join(path, "text"), "utf8"), "hello");
  await rm(join(folder, archive.digest), { recursive: true });
  await next.cache.hold(archive.digest, "p");
  assert.equal(await readFile(join(path, "text"), "utf8"), "hello");
  assert.equal(next.fetched.length, 2);
  assert.deepEqual(await readdir(folder), [archive.digest]);
});

test("the least recently used goes when there is too much, but nothing that is held, in use or was used just now", async (t) => {
  const folder = join(await aFolder(t), "code");
  const archives = await Promise.all(["a", "b", "c", "d", "e"].map((text) => anArchive(t, text.repeat(1000))));
  const [old, held, used, recent, fresh] = archives as [
    PackArchive,
    PackArchive,
    PackArchive,
    PackArchive,
    PackArchive,
  ];
  const { cache } = aCache(folder, archives, 500, [used.digest]);
  const holds = [];
  for (const one of [old, held, used]) holds.push(await cache.hold(one.digest, "p"));
  holds[0]?.[Symbol.dispose]();
  holds[2]?.[Symbol.dispose]();
  await longUnused(folder);
  (await cache.hold(recent.digest, "p"))[Symbol.dispose]();
  assert.deepEqual((await readdir(folder)).sort(), [held, used, recent].map(({ digest }) => digest).sort());
  holds[1]?.[Symbol.dispose]();
  await utimes(join(folder, held.digest), 1, 1);
  await cache.hold(fresh.digest, "p");
  assert.deepEqual((await readdir(folder)).sort(), [used, recent, fresh].map(({ digest }) => digest).sort());
  await cache.hold(old.digest, "p");
  assert.equal(await readFile(join(folder, old.digest, "p", "text"), "utf8"), "a".repeat(1000));
});

test("a fetch that fails leaves nothing, and is tried again by who asks next", async (t) => {
  const folder = join(await aFolder(t), "code");
  const archive = await anArchive(t, "hello");
  const archives: PackArchive[] = [];
  const { cache } = aCache(folder, archives);
  await assert.rejects(cache.hold(archive.digest, "p"), /no such archive/);
  archives.push({ digest: archive.digest, bytes: Buffer.from("rubbish") });
  await assert.rejects(cache.hold(archive.digest, "p"), { code: "pack.archive.unreadable" });
  assert.deepEqual(await readdir(folder), []);
  archives[0] = archive;
  await cache.hold(archive.digest, "p");
  await assert.rejects(cache.hold("../../etc", "p"), { code: "code.missing" });
  await assert.rejects(cache.hold(archive.digest, "../p"), { code: "code.missing" });
});
