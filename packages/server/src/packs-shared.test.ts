import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { startPostgres, type TestPostgres, whyNoPostgres } from "@squall/store";
import { basic, type Caller, callerOf, completed } from "./a-server.ts";
import { type RunningServer, startServer } from "./assemble.ts";
import { readOptions, ROOT } from "./options.ts";
import { files, MANIFEST, tarOf } from "./routes/pack-sources.ts";
import { newKey } from "./vault-key.ts";

const SHELL = `name: hello\nrunner_type: local-shell-script\nenabled: true\nentry_point: hello.sh\n`;

suite("packs of servers that share a store", { timeout: 600_000, skip: whyNoPostgres() ?? false }, () => {
  let folder: string;
  let postgres: TestPostgres;
  let store: string;
  let admin: Caller;
  let password: string | undefined;
  let server: RunningServer | undefined;
  const said: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-shared-"));
    postgres = await startPostgres(["fsync=off"]);
    store = await postgres.newDatabase();
    await files(folder, { key: newKey() });
    await chmod(join(folder, "key"), 0o600);
  });
  after(async () => {
    await server?.stop(0);
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The one machine stops, another one goes on: what it has is its own data directory and the store. */
  async function goOn(machine: string, ...roots: readonly string[]): Promise<RunningServer> {
    await server?.stop(0);
    said.length = 0;
    const read = readOptions(["--port", "0", "--data", join(folder, machine), "--key-file", join(folder, "key")], {});
    assert.ok(!read.help);
    const packRoots = [join(ROOT, "packs"), ...roots];
    server = await startServer({ ...read, store, shareCode: true, packRoots, packIndexes: [] }, (line) =>
      said.push(line),
    );
    password ??= server.firstLogin?.password;
    const { json } = await callerOf(server.url, {})("POST", "/v1/tokens", undefined, basic("admin", password ?? ""));
    admin = callerOf(server.url, { "X-Auth-Token": json.token });
    return server;
  }

  async function run(action: string): Promise<unknown> {
    const { json, text } = await admin("POST", "/v1/executions", { action });
    assert.ok(json.id, text);
    const done = await completed(admin, json.id);
    return done.status === "succeeded" ? done.result.stdout : done.result;
  }
  const send = async (pack: string, query = "") =>
    admin("POST", `/v1/packs/archive${query}`, await tarOf(pack), { "Content-Type": "application/gzip" });
  const packOf = async (ref: string) => (await admin("GET", `/v1/packs/${ref}`)).json;
  const aPack = (root: string, ref: string, version: string, word = version) =>
    files(join(folder, root, ref), {
      "pack.yaml": MANIFEST(ref, "", version),
      "actions/hello.yaml": SHELL,
      "actions/hello.sh": `echo ${word}\n`,
    });

  test("what is installed on one machine is there on another: its files, what runs, what is known of it", async () => {
    await goOn("a");
    const sent = await send(await aPack("sources", "m", "1.0.0"));
    assert.deepEqual([sent.status, sent.json.registered], [201, true], sent.text);
    assert.equal(await run("m.hello"), "1.0.0");
    const before = await packOf("m");

    const { registration } = await goOn("b");
    assert.equal(registration, undefined, "a start with the same bundled packs registers nothing");
    assert.equal(await run("m.hello"), "1.0.0");
    assert.equal((await admin("GET", "/v1/packs/views/file/m/actions/hello.sh")).text, "echo 1.0.0\n");
    assert.equal((await admin("GET", "/v1/packs/views/files/m")).json.length, 3);
    assert.equal((await admin("GET", "/v1/packs/installed/m")).json.version, "1.0.0");
    const again = await admin("POST", "/v1/packs/register", {});
    assert.equal(again.status, 200, again.text);
    const named = await admin("POST", "/v1/packs/register", { packs: ["m"] });
    assert.deepEqual([named.status, named.json.packs], [200, ["m"]]);
    assert.deepEqual(await packOf("m"), before, "a server without its folder leaves it as it is");
  });

  test("what is sent to one server is looked at, registered or taken back over another", async () => {
    await goOn("a");
    assert.equal((await send(await aPack("sources", "u", "1.0.0"))).status, 201);
    for (const [ref, version] of [
      ["u", "2.0.0"],
      ["fresh", "1.0.0"],
      ["other", "1.0.0"],
    ] as const) {
      const sent = await send(await aPack("sources", ref, version), "?register=false");
      assert.deepEqual([sent.status, sent.json.registered], [201, false], sent.text);
    }
    await goOn("b");
    assert.equal((await admin("GET", "/v1/packs/installed/u")).json.version, "2.0.0");
    const undo = async (ref: string) => (await admin("DELETE", `/v1/packs/installed/${ref}?undo=true`)).json;
    assert.deepEqual(await undo("u"), { folder: false, registered: true, restored: true });
    assert.deepEqual(
      await undo("u"),
      { folder: false, registered: true, restored: false },
      "nothing is left to take back",
    );
    assert.equal((await packOf("u")).version, "1.0.0");
    assert.equal(await run("u.hello"), "1.0.0");
    assert.deepEqual(await undo("fresh"), { folder: true, registered: false, restored: false });
    assert.equal((await packOf("fresh")).code, "content.not-found");
    assert.equal((await admin("GET", "/v1/actions/other.hello")).status, 404, "its content is not registered yet");
    const { status, json } = await admin("POST", "/v1/packs/register", { packs: ["other"] });
    assert.deepEqual([status, json.packs, json.actions], [200, ["other"], 1], JSON.stringify(json));
    assert.equal(await run("other.hello"), "1.0.0");
    assert.equal((await admin("GET", "/v1/packs/installed/other")).json.registered, true);
    assert.equal((await packOf("other")).path, join(folder, "a", "packs", "other"));
  });

  test("files that are written over one server run on the other, and go on there", async () => {
    const write = (name: string) =>
      admin("POST", "/v1/actions", {
        name,
        pack: "default",
        runner_type: "local-shell-script",
        entry_point: `${name}.sh`,
        data_files: [{ file_path: `${name}.sh`, content: `echo ${name}` }],
      });
    await goOn("a");
    assert.equal((await write("one")).status, 201);
    await goOn("b");
    assert.equal(await run("default.one"), "one");
    assert.equal((await write("two")).status, 201);
    await goOn("a");
    assert.equal(await run("default.one"), "one");
    assert.equal(await run("default.two"), "two");
    assert.equal((await admin("DELETE", "/v1/actions/default.one", { remove_files: true })).status, 204);
    await goOn("b");
    assert.equal(await run("default.two"), "two");
    assert.deepEqual(
      (await packOf("default")).files.filter((path: string) => path.endsWith(".sh")),
      ["actions/two.sh"],
    );
  });

  test("a start takes newer versions of its packs to all, and takes nothing back", async () => {
    await aPack("old", "bundled", "1.0.0");
    await aPack("new", "bundled", "1.1.0");
    await goOn("a", join(folder, "old"));
    assert.equal(await run("bundled.hello"), "1.0.0");
    await goOn("b", join(folder, "new"));
    assert.equal(await run("bundled.hello"), "1.1.0");
    await goOn("a", join(folder, "old"));
    assert.equal(await run("bundled.hello"), "1.1.0");
    assert.match(said.join("\n"), /pack bundled is registered with another content than .*old\/bundled/);
    await admin("POST", "/v1/packs/register", {});
    assert.equal((await packOf("bundled")).version, "1.1.0");
    await aPack("old", "bundled", "1.1.0", "changed by hand");
    const given = await admin("POST", "/v1/packs/register", { path: join(folder, "old", "bundled") });
    assert.equal(given.status, 200, given.text);
    assert.equal(await run("bundled.hello"), "changed by hand", "who names a folder means it");
    await aPack("old", "bundled", "1.1.0", "changed again");
    await goOn("a", join(folder, "old"));
    assert.equal(await run("bundled.hello"), "changed again", "what came from this folder follows it");
  });

  test("a pack that is removed on one machine is not brought back by another one that has its folder", async () => {
    await goOn("b");
    const { json } = await admin("POST", "/v1/packs/uninstall", { packs: ["m"] });
    assert.equal((await completed(admin, json.execution_id)).status, "succeeded");
    await goOn("a");
    assert.ok((await readdir(join(folder, "a", "packs"))).includes("m"), "its folder is here");
    assert.equal((await packOf("m")).code, "content.not-found");
    assert.match(said.join("\n"), /pack m was removed, though its folder is here/);
    const again = await admin("POST", "/v1/packs/register", { packs: ["m"] });
    assert.equal(again.status, 200, again.text);
    assert.equal(await run("m.hello"), "1.0.0");
  });

  test("an older folder of the same name does not take the place of what was installed elsewhere", async () => {
    await goOn("b");
    await rename(join(folder, "a"), join(folder, "a-is-away"));
    const sent = await send(await aPack("sources", "m", "1.0.0", "repaired"));
    assert.equal(sent.status, 201, sent.text);
    await server?.stop(0);
    await rename(join(folder, "b"), join(folder, "b-is-away"));
    await rename(join(folder, "a-is-away"), join(folder, "a"));
    await goOn("a");
    assert.equal(await run("m.hello"), "repaired");
    for (const body of [{}, { packs: ["m"] }]) await admin("POST", "/v1/packs/register", body);
    assert.equal(await run("m.hello"), "repaired");
  });
});
