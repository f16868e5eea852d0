import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { aServer, type Answer, type Caller, completed, type TestServer } from "../a-server.ts";
import { ACTION, files, git, MANIFEST, repository, serveFolder, tarOf, type WebServer } from "./pack-sources.ts";

suite("packs from elsewhere", { timeout: 180_000 }, () => {
  let there: string;
  let temporary: string;
  let web: WebServer;
  let server: TestServer;
  let admin: Caller;
  before(async () => {
    there = await realpath(await mkdtemp(join(tmpdir(), "squall-sources-")));
    temporary = join(there, "tmp");
    await mkdir(temporary);
    process.env.TMPDIR = temporary;
    web = await serveFolder(there);
    server = await aServer({ packIndexes: [`${web.url}/index.json`, `${web.url}/nothing-here.json`] });
    admin = server.admin;
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await web?.[Symbol.asyncDispose]();
    await rm(there, { recursive: true, force: true });
  });

  const send = (body: Uint8Array, query = "", who = admin) =>
    who("POST", `/v1/packs/archive${query}`, body, { "Content-Type": "application/gzip" });
  const installed = (...path: string[]) => join(server.directory, "packs", ...path);
  async function install(packs: readonly string[], more: object = {}): Promise<Answer["json"]> {
    const { status, json, text } = await admin("POST", "/v1/packs/install", { packs, ...more });
    assert.equal(status, 202, text);
    assert.deepEqual(Object.keys(json), ["execution_id"]);
    return completed(admin, json.execution_id);
  }
  async function succeeds(packs: readonly string[], more: object = {}): Promise<Answer["json"]> {
    const done = await install(packs, more);
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    return done.result.output;
  }
  async function fails(packs: readonly string[], more: object = {}): Promise<string> {
    const done = await install(packs, more);
    assert.equal(done.status, "failed", JSON.stringify(done.result));
    return done.result.output.message;
  }
  async function remove(...packs: string[]): Promise<Answer["json"]> {
    const { json } = await admin("POST", "/v1/packs/uninstall", { packs });
    return completed(admin, json.execution_id);
  }

  test("an archive is put among the installed packs, registered, replaced, and taken out again", async () => {
    const folder = await files(join(there, "arch"), { "pack.yaml": MANIFEST("arch"), "actions/hello.yaml": ACTION });
    const { status, json } = await send(await tarOf(folder));
    assert.equal(status, 201, JSON.stringify(json));
    assert.equal(json.ref, "arch");
    assert.deepEqual([json.replaced, json.registered, json.counts.actions], [false, true, 1]);
    assert.equal(json.path, installed("arch"));
    assert.equal((await admin("GET", "/v1/actions/arch.hello")).status, 200);

    await files(folder, { "pack.yaml": MANIFEST("arch", "", "1.1.0") });
    await rm(join(folder, "actions/hello.yaml"));
    // As forges make them: everything in one folder.
    const again = await send(await tarOf(there, "arch"));
    assert.deepEqual([again.json.replaced, again.json.version], [true, "1.1.0"]);
    assert.ok(!existsSync(installed("arch/actions/hello.yaml")), "the new folder takes the place of the old one");

    const gone = await remove("arch");
    assert.equal(gone.status, "succeeded", JSON.stringify(gone.result));
    assert.ok(!existsSync(installed("arch")));
    assert.equal((await admin("GET", "/v1/packs/arch")).status, 404);
    assert.equal((await admin("GET", "/v1/actions/arch.hello")).status, 404);
  });

  test("only administrators install, also through an execution; a user's file URL is not even looked at", async () => {
    const user = await server.user("ann");
    for (const [method, path, body] of [
      ["POST", "/v1/packs/archive", undefined],
      ["POST", "/v1/packs/install", { packs: ["x"] }],
      ["POST", "/v1/packs/uninstall", { packs: ["x"] }],
      ["DELETE", "/v1/packs/installed/x", undefined],
      ["GET", "/v1/packs/installed/x", undefined],
    ] as const) {
      assert.equal((await user(method, path, body)).status, 403, path);
    }
    const repo = await repository(join(there, "sneaky"), "sneaky", ["1.0.0"]);
    for (const [url, why] of [
      [`file://${repo}`, /only an administrator/],
      ["file:///nothing/here", /only an administrator/],
      [`${web.url}/smart/sneaky/.git`, /User "ann" doesn't have permission for this: install pack/],
    ] as const) {
      const { json } = await user("POST", "/v1/executions", { action: "packs.download", parameters: { packs: [url] } });
      const done = await completed(user, json.id);
      assert.equal(done.status, "failed");
      assert.match(done.result.result, why);
    }
    assert.ok(!existsSync(installed("sneaky")));
    // Another pack's action may not either, whoever runs it.
    const cmd = `curl -s -o /dev/null -w '%{http_code}' -X DELETE -H "X-Auth-Token: $ST2_ACTION_AUTH_TOKEN" $ST2_ACTION_API_URL/packs/installed/x`;
    const { json } = await admin("POST", "/v1/executions", { action: "core.local", parameters: { cmd } });
    assert.equal((await completed(admin, json.id)).result.stdout, 403);
    // Nor may anybody make an action of the pack that may.
    const action = { name: "evil", pack: "packs", runner_type: "local-shell-cmd", entry_point: "" };
    assert.equal((await user("POST", "/v1/actions", action)).json.code, "content.system-pack");
  });

  test("what no pack may do is refused, and leaves nothing behind", async () => {
    const folder = await files(join(there, "bad"), { "pack.yaml": MANIFEST("core") });
    assert.equal((await send(await tarOf(folder))).json.code, "content.system-pack");
    await files(folder, { "pack.yaml": MANIFEST("examples") });
    assert.equal((await send(await tarOf(folder))).json.code, "pack.install.taken");
    await files(folder, { "pack.yaml": MANIFEST("default") });
    assert.equal((await send(await tarOf(folder))).json.code, "pack.install.taken");
    await files(folder, { "pack.yaml": MANIFEST("bad", "stackstorm_version: '<3.0.0'\n") });
    assert.equal((await send(await tarOf(folder))).json.code, "pack.install.version");
    assert.equal((await send(await tarOf(folder), "?force=true")).status, 201);
    await remove("bad");
    await files(folder, { "pack.yaml": "name: Bad One\nversion: one\n" });
    const wrong = await send(await tarOf(folder));
    assert.equal(wrong.json.code, "pack.manifest");
    assert.match(wrong.json.faultstring, /pack\.yaml:2:1 \(version\): 'one' is no valid semver/);
    assert.match(wrong.json.faultstring, /'author' is a required property/);
    assert.equal((await send(Buffer.from("no archive"))).json.code, "pack.archive.unreadable");
    assert.equal((await send(Buffer.alloc(0))).json.code, "pack.archive.unreadable");
    assert.equal((await admin("DELETE", "/v1/packs/installed/default")).status, 400);
    assert.equal((await admin("DELETE", "/v1/packs/installed/%2e%2e%2fpacks")).status, 400);
    assert.ok(existsSync(installed("default/pack.yaml")));
    assert.deepEqual(await stages(server), []);
  });

  test("a pack that is registered from elsewhere is not replaced unasked, and its folder outlives its removal", async () => {
    const folder = await files(join(there, "mine"), { "pack.yaml": MANIFEST("mine") });
    await admin("POST", "/v1/packs/register", { path: folder });
    const refused = await send(await tarOf(folder));
    assert.equal(refused.json.code, "pack.install.elsewhere");
    assert.ok(refused.json.faultstring.includes(folder));
    const gone = await remove("mine");
    assert.equal(gone.status, "succeeded");
    assert.ok(existsSync(join(folder, "pack.yaml")));
  });

  test("git repositories: default branch, version with and without v, branch, tag, commit; over file and both kinds of http", async () => {
    const repo = await repository(join(there, "gitty"), "gitty", ["1.0.0", "1.2.0"]);
    const first = await git(repo, "rev-parse", "v1.0.0");
    await git(repo, "branch", "stable", "v1.0.0");
    await git(repo, "update-server-info");
    const version = async (url: string) => {
      const { packs_list, warning_list, message } = await succeeds([url]);
      assert.deepEqual([packs_list, warning_list, message], [["gitty"], [], "Successfully installed packs"]);
      return (await admin("GET", "/v1/packs/gitty")).json.version;
    };
    assert.equal(await version(`file://${repo}`), "1.2.0");
    assert.equal(await version(`file://${repo}=1.0.0`), "1.0.0");
    assert.equal(await version(`file://${repo}=v1.2.0`), "1.2.0");
    assert.equal(await version(`${web.url}/smart/gitty/.git=stable`), "1.0.0");
    assert.equal(await version(`${web.url}/gitty/.git=1.2.0`), "1.2.0");
    assert.equal(await version(`${web.url}/smart/gitty/.git=${first.slice(0, 10)}`), "1.0.0");
    assert.ok(!existsSync(installed("gitty/.git")));
    const { json } = await admin("POST", "/v1/executions", { action: "gitty.hello" });
    assert.equal((await completed(admin, json.id)).result.stdout, "hello from 1.0.0");

    const unknown = await fails([`file://${repo}=9.9.9`]);
    assert.match(
      unknown,
      /"9\.9\.9" is not a valid version, hash, tag or branch in file:.* Available versions are: v1\.0\.0, v1\.2\.0\./,
    );
    await remove("gitty");
  });

  test("names are looked up in the indexes, and what an installed pack depends on comes first", async () => {
    await repository(join(there, "stackstorm-deep"), "deep", ["0.3.0"]);
    await repository(join(there, "stackstorm-middle"), "middle", ["0.2.0"], "dependencies: [deep=0.3.0, top]\n");
    await repository(
      join(there, "stackstorm-top"),
      "top",
      ["0.1.0"],
      `dependencies: ["${web.url}/smart/stackstorm-middle/.git"]\n`,
    );
    const entry = (ref: string) => ({
      ref,
      name: ref,
      repo_url: `${web.url}/smart/stackstorm-${ref}/.git`,
      version: "0.1.0",
      description: ref === "deep" ? "Finds the Top." : "A pack.",
      author: "Somebody",
      email: "top@example.org",
      keywords: ref === "middle" ? ["topics"] : [],
    });
    await writeFile(
      join(there, "index.json"),
      JSON.stringify({ packs: { deep: entry("deep"), middle: entry("middle"), top: entry("top") } }),
    );
    const search = async (body: object) => (await admin("POST", "/v1/packs/index/search", body)).json;
    assert.deepEqual(
      (await search({ query: "TOP" })).map((one: { ref: string }) => one.ref),
      ["top", "middle", "deep"],
    );
    assert.equal((await search({ pack: "deep" })).repo_url, entry("deep").repo_url);
    assert.deepEqual(await search({ pack: "nope" }), []);
    const { json: all } = await admin("GET", "/v1/packs/index");
    assert.deepEqual(Object.keys(all.index), ["deep", "middle", "top"]);
    assert.deepEqual(
      all.status.map((one: { error: string | null }) => one.error),
      [null, "unresponsive"],
    );
    const { json: health } = await admin("GET", "/v1/packs/index/health");
    assert.deepEqual([health.packs.count, health.indexes.valid, health.indexes.errors], [3, 1, { unresponsive: 1 }]);

    const { packs_list } = await succeeds(["top"]);
    assert.deepEqual(packs_list, ["deep", "middle", "top"], "dependencies first, and the circle ends");
    assert.match(
      await fails(["nope"]),
      /No record of the "nope" pack in the index\. Not every index could be read: .*404/,
    );

    // Another version than the one that is there: nothing of the new one stays.
    await repository(join(there, "picky"), "picky", ["1.0.0"], "dependencies: [deep=v9.0.0]\n");
    const conflict = await install([`file://${join(there, "picky")}`]);
    assert.equal(conflict.status, "failed");
    assert.match(conflict.result.output.message, /deep=v9\.0\.0 \(needed by picky, but deep 0\.3\.0 is installed\)/);
    assert.equal(conflict.result.output.conflict_list.length, 1);
    assert.ok(!existsSync(installed("picky")));
    assert.deepEqual((await succeeds([`file://${join(there, "picky")}`], { skip_dependencies: true })).packs_list, [
      "picky",
    ]);
    // A new version that cannot be: the old one is back in its place.
    await repository(join(there, "picky2"), "picky", ["2.0.0"], "dependencies: [deep=v9.0.0]\n");
    assert.match(await fails([`file://${join(there, "picky2")}`]), /needed by picky/);
    assert.match(await readFile(installed("picky/pack.yaml"), "utf8"), /version: 1\.0\.0/);
    assert.match(await fails([`file://${join(there, "picky2")}`, "nope"]), /No record of the "nope"/);
    assert.match(await readFile(installed("picky/pack.yaml"), "utf8"), /version: 1\.0\.0/);
    assert.match(
      await fails([
        `file://${await repository(join(there, "needy"), "needy", ["1.0.0"], "dependencies: [nowhere]\n")}`,
      ]),
      /No record of the "nowhere" pack/,
    );
    assert.ok(!existsSync(installed("needy")));
    await remove("top", "middle", "deep", "picky");
  });

  test("a repository that asks for a password is an error at once; a login in the URL is used and not shown", async () => {
    await repository(join(there, "secret"), "secret", ["1.0.0"]);
    const url = `${web.url}/private/secret/.git`;
    const refused = await fails([url]);
    assert.match(refused, /has not been downloaded: cannot clone .*asks for a login, and nobody can be asked/s);
    const wrong = await install([url.replace("//", "//ann:wr0ng@")]);
    assert.equal(wrong.status, "failed");
    assert.doesNotMatch(JSON.stringify(wrong.result), /wr0ng/);
    const { json: children } = await admin("GET", `/v1/executions/${wrong.id}/children`);
    assert.ok(children.length > 0);
    for (const child of children) assert.doesNotMatch(JSON.stringify(child.result), /wr0ng/);
    assert.deepEqual((await succeeds([url.replace("//", "//ann:s3cret@")])).packs_list, ["secret"]);
    await remove("secret");
  });

  test("archives by URL and from a folder of the server", async () => {
    const folder = await files(join(there, "plain"), { "pack.yaml": MANIFEST("plain"), "actions/hello.yaml": ACTION });
    await writeFile(join(there, "plain.tar.gz"), await tarOf(folder));
    assert.deepEqual((await succeeds([`${web.url}/plain.tar.gz`])).packs_list, ["plain"]);
    assert.deepEqual((await succeeds([`file://${folder}`])).packs_list, ["plain"]);
    assert.deepEqual((await succeeds([`file://${join(there, "plain.tar.gz")}`])).packs_list, ["plain"]);
    assert.deepEqual(
      (await succeeds([`file://${installed("plain")}`])).packs_list,
      ["plain"],
      "it is where it belongs",
    );
    assert.match(await fails([`${web.url}/private/plain.tar.gz`]), /answers 401 .*asks for a login/);
    assert.match(await fails([`file://${there}`]), /is no pack: there is no pack\.yaml/);
    assert.match(await fails(["file:///nothing/here"]), /no such file or folder/);
    assert.match(await fails(["ext::sh -c evil"]), /is no name of a pack .* and no URL/);
    assert.match(await fails(["--upload-pack=evil"]), /names no pack|is no name/);
    await mkdir(join(there, "empty"));
    await writeFile(join(there, "broken.zip"), "PK\u0003\u0004 no zip");
    assert.match(await fails([`${web.url}/broken.zip`]), /The archive cannot be read/);
    await remove("plain");
  });

  test("an upload that breaks off or is too large leaves nothing behind", async () => {
    const { hostname, port } = new URL(server.url);
    const headers = { "X-Auth-Token": server.adminToken, "Content-Type": "application/gzip" };
    const post = (length: number) =>
      request({
        hostname,
        port,
        method: "POST",
        path: "/v1/packs/archive",
        headers: { ...headers, "Content-Length": length },
      });

    const large = post(10 ** 9);
    large.write("some of it");
    const [answer] = (await once(large, "response")) as [IncomingMessage];
    assert.equal(answer.statusCode, 413);
    large.on("error", () => undefined).destroy();

    const half = post(1000);
    half.on("error", () => undefined);
    half.write(Buffer.alloc(500));
    while ((await stages(server)).length === 0) await admin("GET", "/v1/packs/core");
    half.destroy();
    // Ends with the test's time if it never happens.
    while ((await stages(server)).length > 0) await admin("GET", "/v1/packs/core");
  });

  test("a canceled download leaves no files", async () => {
    const { json } = await admin("POST", "/v1/packs/install", { packs: [`${web.url}/hangs/repo.git`] });
    while (!web.asked.some(({ path }) => path.startsWith("/hangs/"))) await admin("GET", "/v1/packs/core");
    assert.deepEqual((await readdir(temporary)).filter(isOurs).length, 1);
    assert.equal((await admin("DELETE", `/v1/executions/${json.execution_id}`)).status, 200);
    assert.equal((await completed(admin, json.execution_id)).status, "canceled");
    assert.deepEqual((await readdir(temporary)).filter(isOurs), []);
  });

  test("a pack with requirements gets its virtualenv before it is registered, and loses it when it is removed", async () => {
    const wheel = join(there, "tiny-1.0-py3-none-any.whl");
    execFileSync("python3", ["-c", WHEEL, wheel]);
    const folder = await files(join(there, "wheely"), {
      "pack.yaml": MANIFEST("wheely"),
      "requirements.txt": `tiny @ file://${wheel}\n`,
      "actions/tell.yaml": "name: tell\nrunner_type: python-script\nentry_point: tell.py\n",
      "actions/tell.py":
        "import tiny\nfrom st2common.runners.base_action import Action\n\n\nclass Tell(Action):\n    def run(self):\n        return tiny.version\n",
    });
    const done = await install([`file://${folder}`]);
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    const { json: tasks } = await admin("GET", `/v1/executions/${done.id}/children`);
    const names = tasks.map((task: Answer["json"]) => task.context.orquesta.task_name);
    assert.deepEqual(names.slice(-2), ["install_pack_requirements", "register_pack"]);
    const tell = async () => {
      const { json } = await admin("POST", "/v1/executions", { action: "wheely.tell" });
      return (await completed(admin, json.id)).result.result;
    };
    assert.equal(await tell(), "1.0");
    await files(folder, {
      "pack.yaml": MANIFEST("wheely", "", "2.0.0"),
      "requirements.txt": `tiny @ file://${there}/none.whl\n`,
    });
    assert.match(await fails([`file://${folder}`]), /none\.whl/);
    assert.match(await readFile(installed("wheely/pack.yaml"), "utf8"), /version: 1\.0\.0/);
    assert.equal(await tell(), "1.0");
    const virtualenv = join(server.directory, "virtualenvs", "wheely");
    assert.ok(existsSync(virtualenv));
    assert.equal((await remove("wheely")).status, "succeeded");
    assert.ok(!existsSync(virtualenv));
  });
});

/** Writes a wheel with one module that says its version. */
const WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tiny.py", "version = '1.0'")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
`;

const isOurs = (name: string) => name.startsWith("squall-pack-");

async function stages(server: TestServer): Promise<string[]> {
  return readdir(join(server.directory, "packs.incoming")).catch(() => []);
}
