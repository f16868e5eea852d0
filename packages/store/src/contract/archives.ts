import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { Snapshot } from "@squall/model";
import type { Change, StoredResource } from "../changes.ts";
import type { Store } from "../port.ts";
import { refused, type UseStore, write } from "./opened.ts";
import { aMove, anExecution, aSnapshot } from "./samples.ts";

/** Bytes of any value, none of them like the others before. */
function someBytes(length: number, seed = 1): Uint8Array {
  const bytes = Buffer.alloc(length);
  for (let at = 0, value = seed; at < length; at++) {
    value = (value * 1_103_515_245 + 12_345) & 0x7fffffff;
    bytes[at] = value >> 16;
  }
  return bytes;
}

function keep(bytes: Uint8Array): Extract<Change, { kind: "archive.keep" }> {
  return { kind: "archive.keep", digest: createHash("sha256").update(bytes).digest("hex"), bytes };
}

function aPack(archive: string): Change {
  const resource = {
    project: "default",
    kind: "pack",
    id: "id-of-p",
    ref: "p",
    pack: "p",
    name: "p",
    version: 0,
    body: {
      id: "id-of-p",
      uid: "pack:p",
      ref: "p",
      name: "p",
      description: 'NUL \0 and "',
      version: "1",
      author: "a",
      files: [],
      path: "/p",
      archive,
    },
  } satisfies StoredResource;
  return { kind: "resource.put", resource };
}

function runsWith(archive: string, n: number): Change[] {
  const snapshot: Snapshot = { ...aSnapshot("with NUL \0"), archive };
  return [
    { kind: "snapshot.keep", project: "default", digest: `snapshot-${n}`, snapshot },
    { kind: "execution.insert", execution: anExecution(n, { snapshot: `snapshot-${n}` }) },
  ];
}

async function isThere(store: Store, { digest }: { digest: string }): Promise<boolean> {
  return (await store.archive(digest)) !== undefined;
}

export function archivesContract(use: UseStore): void {
  describe("archives", () => {
    test("an archive is kept with its list, whatever its size, and is there after a restart", async (t) => {
      const opened = await use(t);
      const archives = [0, 1, 1 << 20, (3 << 20) + 17].map((length, n) => keep(someBytes(length, n + 1)));
      for (const one of archives) await write(opened.store, one, aPack(one.digest));
      const store = await opened.reopen();
      for (const { digest, bytes } of archives) {
        const found = await store.archive(digest);
        assert.ok(found !== undefined && Buffer.compare(found, bytes) === 0, `${bytes.length} bytes`);
      }
      assert.equal(await store.archive("another"), undefined);
    });

    test("keeping it again is nothing, also at the same time", async (t) => {
      const { store } = await use(t);
      const one = keep(someBytes(2_500_000));
      await Promise.all([write(store, one), write(store, one), write(store, one)]);
      await write(store, one, one);
      assert.deepEqual(Buffer.compare((await store.archive(one.digest)) ?? Buffer.alloc(0), one.bytes), 0);
    });

    test("the archive of a list that is refused is not there", async (t) => {
      const { store } = await use(t);
      const one = keep(someBytes(100));
      await refused(store, "missing", one, aMove(99, { from: ["running"], to: "failed" }));
      assert.equal(await isThere(store, one), false);
      await write(store, one);
      assert.equal(await isThere(store, one), true);
    });

    test("lists that come meanwhile do not wait for the bytes of an archive", async (t) => {
      const { store } = await use(t);
      const order: string[] = [];
      const large = write(store, keep(someBytes(4 << 20))).then(() => order.push("archive"));
      await write(store, { kind: "execution.insert", execution: anExecution(1) }).then(() => order.push("execution"));
      await large;
      assert.deepEqual(order, ["execution", "archive"]);
    });

    test("what neither a pack nor an execution that has not ended names is found idle first, and then forgotten", async (t) => {
      const { store } = await use(t);
      const [ofPack, ofRun, ofEnded, ofNobody] = [1, 2, 3, 4].map((seed) => keep(someBytes(50, seed))) as [
        ReturnType<typeof keep>,
        ReturnType<typeof keep>,
        ReturnType<typeof keep>,
        ReturnType<typeof keep>,
      ];
      await write(store, ofPack, ofRun, ofEnded, ofNobody, aPack(ofPack.digest));
      await write(store, ...runsWith(ofRun.digest, 1), ...runsWith(ofEnded.digest, 2));
      await write(store, aMove(2, { from: ["requested"], to: "canceled", end: 5 }));
      assert.equal(await store.forgetArchives(0), 0);
      assert.equal(await isThere(store, ofNobody), true);
      assert.equal(await store.forgetArchives(3_600_000), 0, "not idle for that long");
      assert.equal(await store.forgetArchives(0), 2);
      const there = await Promise.all([ofPack, ofRun, ofEnded, ofNobody].map((one) => isThere(store, one)));
      assert.deepEqual(there, [true, true, false, false]);
    });

    test("an archive that was found idle and is named again stays", async (t) => {
      const { store } = await use(t);
      const [one, two] = [keep(someBytes(50, 1)), keep(someBytes(50, 2))];
      await write(store, one, two);
      assert.equal(await store.forgetArchives(0), 0);
      await write(store, aPack(one.digest));
      await write(store, two);
      assert.equal(await store.forgetArchives(0), 0);
      assert.deepEqual([await isThere(store, one), await isThere(store, two)], [true, true]);
    });
  });
}
