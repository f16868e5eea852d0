import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { Conflict, SquallError, Unavailable } from "@squall/model";
import { EVERYTHING } from "../contract/everything.ts";
import { write } from "../contract/opened.ts";
import { aFullExecution, aKey, aMember, anAction, anId, insert, T0 } from "../contract/samples.ts";
import type { Store } from "../port.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "../postgres/a-postgres.ts";
import { openPostgresStore } from "../postgres/open.ts";
import { openSqliteStore } from "../sqlite/open.ts";
import { NOT_CARRIED } from "./carried.ts";
import { copyStore } from "./copy.ts";
import { openDump, openLoad } from "./open.ts";
import type { Dump, DumpRow, StoreEngine, StorePlace } from "./port.ts";

const why = whyNoPostgres();
const ENGINES: readonly StoreEngine[] = why === undefined ? ["sqlite", "postgres"] : ["sqlite"];

let server: TestPostgres | undefined;
before(async () => {
  if (why === undefined) server = await startPostgres(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
});
after(() => server?.stop());

/** A place where there is nothing yet. */
async function aPlace(t: TestContext, engine: StoreEngine): Promise<StorePlace> {
  if (engine === "postgres") {
    if (server === undefined) throw new Error("the server did not start");
    return { url: await server.newDatabase() };
  }
  const directory = await mkdtemp(join(tmpdir(), "squall-transfer-"));
  t.after(() => rm(directory, { recursive: true }));
  return { directory };
}

function open(place: StorePlace): Promise<Store> {
  return "url" in place ? openPostgresStore(place) : openSqliteStore(place);
}

async function aFilledPlace(t: TestContext, engine: StoreEngine): Promise<StorePlace> {
  const place = await aPlace(t, engine);
  await using store = await open(place);
  await store.beat(aMember("m1"));
  await store.installation({ id: "installation", seal: "sealed" });
  for (const changes of Object.values(EVERYTHING)) for (const change of changes) await write(store, change);
  return place;
}

/** Everything, as `table -> rows`, rows sorted. */
async function contentOf(place: StorePlace): Promise<Record<string, DumpRow[]>> {
  await using dump = await openDump(place, { alone: false });
  const content: Record<string, DumpRow[]> = {};
  for (const table of dump.tables) {
    const rows: DumpRow[] = [];
    for await (const batch of dump.rows(table)) rows.push(...batch);
    assert.equal(await dump.count(table), rows.length);
    content[table.name] = rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return content;
}

async function copy(from: StorePlace, to: StorePlace) {
  await using dump = await openDump(from, { alone: true });
  await using load = await openLoad(to, dump);
  return await copyStore(dump, load);
}

for (const engine of ENGINES) {
  describe(`a dump of ${engine}`, () => {
    test("has every table of the schema, but for those that are only of the moment", async (t) => {
      const place = await aFilledPlace(t, engine);
      const content = await contentOf(place);
      const empty = Object.entries(content).filter(([, rows]) => rows.length === 0);
      assert.deepEqual(empty, [], "EVERYTHING fills each table");
      assert.deepEqual(
        Object.keys(NOT_CARRIED).filter((name) => name in content),
        [],
      );
    });

    test("has a value in every column, so that no column's form goes untested", async (t) => {
      const place = await aFilledPlace(t, engine);
      const content = await contentOf(place);
      await using dump = await openDump(place, { alone: false });
      const unused = dump.tables.flatMap(({ name, columns }) =>
        columns.filter((_, at) => content[name]?.every((row) => row[at] === null)).map((one) => `${name}.${one.name}`),
      );
      assert.deepEqual(unused, []);
    });

    test("is one look: what is committed after it was opened is not in it", async (t) => {
      const place = await aFilledPlace(t, engine);
      await using store = await open(place);
      await using dump = await openDump(place, { alone: false });
      await write(store, { kind: "key.put", key: aKey("later") });
      await write(store, ...insert(aFullExecution(77)));
      const names = await keyNames(dump);
      assert.deepEqual(names, ["k1", "k2"]);
    });

    test("wants the store for itself when it is asked to", async (t) => {
      const place = await aFilledPlace(t, engine);
      await using store = await open(place);
      await assert.rejects(openDump(place, { alone: true }), isError(Unavailable, "store.in-use"));
      await store[Symbol.asyncDispose]();
      await using dump = await openDump(place, { alone: true });
      assert.ok(dump.tables.length > 10);
      await assert.rejects(open(place), isError(Unavailable, "store.in-use"));
    });

    test("is not had for itself while members of a cluster work on it", {
      skip: engine === "sqlite" && "a file has no members",
    }, async (t) => {
      const place = await aFilledPlace(t, engine);
      assert.ok("url" in place);
      await using store = await openPostgresStore({ ...place, exclusive: false });
      await store.beat(aMember("m2"));
      await assert.rejects(openDump(place, { alone: true }), isError(Unavailable, "store.in-use"));
      await assert.rejects(openLoad(place), isError(Unavailable, "store.in-use"));
      await using dump = await openDump(place, { alone: false });
      assert.ok(dump.tables.every(({ name }) => name !== "member"));
      await write(store, { kind: "member.leave", id: "m2" });
      await using alone = await openDump(place, { alone: true });
      assert.deepEqual(alone.tables, dump.tables);
    });

    test("of a place without a store says so", async (t) => {
      const place = await aPlace(t, engine);
      await assert.rejects(openDump(place, { alone: false }), (error) => {
        assert.ok(error instanceof SquallError);
        return error.code === "store.no-database";
      });
    });

    test("comes in groups that fit into memory, however wide the rows are", async (t) => {
      const place = await aPlace(t, engine);
      {
        await using store = await open(place);
        for (let n = 1; n <= 9; n++) {
          const data = "x".repeat(n === 5 ? 5_000_000 : 900_000);
          const chunk = { execution: anId(1), seq: n, type: "stdout", timestamp: T0, data } as const;
          await write(store, { kind: "output.append", project: "default", chunks: [chunk] });
        }
      }
      await using dump = await openDump(place, { alone: false });
      const table = dump.tables.find(({ name }) => name === "output");
      assert.ok(table);
      const groups: number[] = [];
      for await (const rows of dump.rows(table)) groups.push(rows.length);
      assert.equal(
        groups.reduce((a, b) => a + b, 0),
        9,
      );
      assert.ok(Math.max(...groups) <= 3, groups.join(" "));
    });
  });

  for (const target of ENGINES) {
    describe(`from ${engine} to ${target}`, () => {
      test("everything arrives as it was, and the store works on", async (t) => {
        const [from, to] = [await aFilledPlace(t, engine), await aPlace(t, target)];
        const { sums, wasThere } = await copy(from, to);
        assert.equal(wasThere, false);
        assert.deepEqual(await contentOf(to), await contentOf(from));
        assert.equal(sums["execution"]?.rows, 5);

        await using a = await open(from);
        await using b = await open(to);
        for (const store of [a, b]) {
          await write(store, { kind: "key.put", key: aKey("k2", { value: "more" }), expect: 2 });
          // What is numbered goes on after the highest number.
          const { revision } = await store.contentSince(-1);
          await write(store, { kind: "resource.put", resource: anAction("third") });
          const { changes } = await store.contentSince(revision);
          assert.deepEqual(
            changes.map(({ id }) => id),
            ["id-of-third"],
          );
          const told = { project: "default", id: anId(9), execution: anId(1), shard: 8, event: {} };
          await write(store, { kind: "workflow.tell", ...told });
        }
        assert.deepEqual(await read(b), await read(a));
      });

      test("doing it again does nothing, unless the target went on meanwhile", async (t) => {
        if (target === "sqlite") return; // a file that is there is refused: its folder is made anew by whoever restores
        const [from, to] = [await aFilledPlace(t, engine), await aPlace(t, target)];
        await copy(from, to);
        assert.equal((await copy(from, to)).wasThere, true);
        {
          await using store = await open(to);
          await write(store, { kind: "key.put", key: aKey("new") });
        }
        await assert.rejects(copy(from, to), isError(Conflict, "store.not-empty"));
      });

      test("what is broken off leaves nothing, and can be done again", async (t) => {
        const [from, to] = [await aFilledPlace(t, engine), await aPlace(t, target)];
        const broken = new AbortController();
        await using dump = await openDump(from, { alone: false });
        {
          await using load = await openLoad(to, dump);
          await assert.rejects(
            copyStore(dump, load, ({ table }) => table === "output" && broken.abort(new Error("cut")), broken.signal),
            /cut/,
          );
        }
        if ("directory" in to) assert.deepEqual(await readdir(to.directory), ["squall.lock"]);
        await using load = await openLoad(to, dump);
        assert.equal((await copyStore(dump, load)).wasThere, false);
      });

      test("an altered row does not go unnoticed", async (t) => {
        const [from, to] = [await aFilledPlace(t, engine), await aPlace(t, target)];
        await using dump = await openDump(from, { alone: false });
        {
          await using load = await openLoad(to, dump);
          const faulty = {
            ...load,
            isEmpty: true,
            write: (...[table, rows]: Parameters<typeof load.write>) =>
              load.write(table, table.name === "output" ? rows.slice(1) : rows),
          };
          await assert.rejects(copyStore(dump, faulty), (error) => {
            assert.ok(error instanceof SquallError && error.code === "store.copy-differs");
            assert.match(error.message, /output/);
            return true;
          });
        }
        await using load = await openLoad(to, dump);
        assert.equal((await copyStore(dump, load)).wasThere, false);
      });
    });
  }
}

describe("the two stores", { skip: why ?? false }, () => {
  test("have the same tables, columns and kinds, and the same rows after the same changes", async (t) => {
    const [file, database] = [await aFilledPlace(t, "sqlite"), await aFilledPlace(t, "postgres")];
    await using a = await openDump(file, { alone: false });
    await using b = await openDump(database, { alone: false });
    assert.deepEqual(a.tables, b.tables);
    assert.deepEqual(await contentOf(database), await contentOf(file));
  });
});

async function keyNames(dump: Dump): Promise<string[]> {
  const table = dump.tables.find(({ name }) => name === "key");
  assert.ok(table);
  const at = table.columns.findIndex(({ name }) => name === "name");
  const names: string[] = [];
  for await (const rows of dump.rows(table)) names.push(...rows.map((row) => String(row[at])));
  return names.toSorted((a, b) => (a < b ? -1 : 1));
}

/** What the port says of everything in EVERYTHING. */
async function read(store: Store): Promise<unknown> {
  return {
    projects: await store.projects(),
    actions: await store.resources("default", "action"),
    snapshots: await store.snapshots("default", ["d1"]),
    executions: (await store.executions("default", {}, {})).items,
    others: (await store.executions("other", {}, {})).items,
    values: await store.executionValues("default", "user"),
    output: await store.output("default", anId(1)),
    workflow: await store.workflow("default", anId(1), true),
    events: (await store.events("default", {}, {})).items,
    enforcements: (await store.enforcements("default", {}, {})).items,
    keys: (await store.keys("default", {}, {}, T0)).items,
    timers: await store.timers("default"),
    told: await store.told([7, 8], 10),
    installation: await store.installation({ id: "another", seal: "another" }),
    content: await store.contentSince(0),
    users: await store.users("default"),
    token: await store.tokenByHash("h1"),
    apiKeys: (await store.apiKeys("default", {})).items,
  };
}

function isError(kind: new (...args: never[]) => SquallError, code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof kind && error.code === code, String(error));
    return true;
  };
}
