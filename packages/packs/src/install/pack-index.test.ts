import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createPackIndex } from "./pack-index.ts";

const HOUR = 3_600_000;

/** An index on a web server of its own, and what it was asked. */
async function anIndex(t: TestContext) {
  const cache = await mkdtemp(join(tmpdir(), "squall-index-"));
  t.after(() => rm(cache, { recursive: true, force: true }));
  const state = {
    body: JSON.stringify({ packs: { a: { name: "a" } } }),
    status: 200,
    asked: [] as (string | undefined)[],
  };
  const server = createServer((incoming, outgoing) => {
    state.asked.push(incoming.headers.authorization ?? incoming.headers["if-none-match"]);
    if (incoming.headers["if-none-match"] === '"1"') outgoing.writeHead(304).end();
    else outgoing.writeHead(state.status, { etag: '"1"' }).end(state.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  t.after(stop);
  return { state, stop, cache, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.json` };
}

test("an index is asked once an hour, and then whether it has changed", async (t) => {
  const { state, cache, url } = await anIndex(t);
  let now = 1e12;
  const settings = { urls: [url], cache, now: () => now };
  const index = createPackIndex(settings);
  await Promise.all([index.find("a"), index.search("a"), index.read()]);
  assert.equal(state.asked.length, 1, "one request, however many ask at once");
  now += HOUR - 1;
  assert.equal((await createPackIndex(settings).find("a"))?.ref, "a", "another process finds the copy");
  assert.equal(state.asked.length, 1);
  now += 1;
  assert.equal((await index.find("a"))?.ref, "a");
  assert.deepEqual(state.asked, [undefined, '"1"']);
  await index.read({ refresh: true });
  assert.equal(state.asked.length, 3);
});

test("while an index does not answer its old copy counts, and it says so", async (t) => {
  const { stop, cache, url } = await anIndex(t);
  let now = 1e12;
  const index = createPackIndex({ urls: [url], cache, now: () => now });
  await index.read();
  await stop();
  now += 2 * HOUR;
  assert.equal((await index.find("a"))?.name, "a");
  const [status] = (await index.read()).status;
  assert.deepEqual([status?.error, status?.packs], ["unresponsive", 1]);
  assert.match(status?.message ?? "", /ECONNREFUSED.* What is shown was fetched 2001-09-09T01:46:40\.000Z/);
});

test("when no index was ever read a search fails, with every reason; a login is not shown", async (t) => {
  const { state, cache, url } = await anIndex(t);
  state.status = 401;
  const index = createPackIndex({ urls: [url.replace("//", "//me:s3cret@"), `file://${cache}/none.json`], cache });
  await assert.rejects(index.search("a"), (thrown: Error) => {
    assert.match(thrown.message, /http:\/\/\*\*\*@127.*It answers 401 Unauthorized.*none\.json.*ENOENT/s);
    assert.doesNotMatch(thrown.message, /s3cret/);
    return true;
  });
  assert.deepEqual(state.asked, [`Basic ${Buffer.from("me:s3cret").toString("base64")}`]);
  assert.deepEqual(await createPackIndex({ urls: [], cache }).search("a"), [], "who names no index wants none");
});

test("the first index that has a name counts; what is no index is said to be", async (t) => {
  const { cache } = await anIndex(t);
  const files = {
    first: JSON.stringify({ packs: { a: { version: "1" }, constructor: { name: "c" }, text: "no pack" } }),
    second: JSON.stringify({ packs: { a: { version: "2" }, b: {} } }),
    broken: "<html>",
    other: "[]",
    empty: '{"packs": {}}',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(cache, name), text);
  const urls = Object.keys(files).map((name) => `file://${join(cache, name)}`);
  const index = createPackIndex({ urls, cache: join(cache, "copies") });
  const { index: packs, status } = await index.read();
  assert.deepEqual(Object.keys(packs), ["a", "constructor", "b"]);
  assert.equal((await index.find("a"))?.version, "1");
  assert.equal(await index.find("toString"), undefined);
  assert.deepEqual(
    status.map(({ error }) => error),
    [null, null, "malformed", "malformed", "empty"],
  );
});
