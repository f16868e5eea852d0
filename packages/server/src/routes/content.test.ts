import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { aServer, completed, type TestServer } from "../a-server.ts";

suite("content over HTTP", () => {
  let at: TestServer;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-packs-"));
    await mkdir(join(folder, "sample/actions"), { recursive: true });
    const manifest =
      "ref: sample\nname: sample\ndescription: A pack for tests.\nversion: 1.0.0\nauthor: us\nemail: us@example.org\n";
    await writeFile(join(folder, "sample/pack.yaml"), manifest);
    await writeFile(
      join(folder, "sample/config.schema.yaml"),
      "host: {type: string}\npassword: {type: string, secret: true}\n",
    );
    await writeFile(
      join(folder, "sample/actions/hello.yaml"),
      "name: hello\nrunner_type: local-shell-script\nentry_point: hello.sh\nparameters: {word: {type: string}}\n",
    );
    await writeFile(join(folder, "sample/actions/hello.sh"), "#!/bin/sh\necho hello\n");
    at = await aServer();
  });
  after(async () => {
    await at[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("a folder becomes a pack; one bad file is named and does not stop its neighbours", async () => {
    await writeFile(join(folder, "sample/actions/bad.yaml"), "name: bad\nrunner_type: no-such-runner\n");
    const strict = await at.admin("POST", "/v1/packs/register", { paths: [join(folder, "sample")] });
    assert.equal(strict.status, 400);
    assert.match(strict.json.faultstring, /bad\.yaml:2/);
    assert.equal(strict.json.registered.actions, 1);
    const lenient = await at.admin("POST", "/v1/packs/register", {
      paths: [join(folder, "sample")],
      fail_on_failure: false,
    });
    assert.equal(lenient.status, 200);
    assert.equal(lenient.json.problems.length, 1);
    await rm(join(folder, "sample/actions/bad.yaml"));
    const clean = await at.admin("POST", "/v1/packs/register", { packs: ["sample"] });
    assert.deepEqual([clean.status, clean.json.problems], [200, undefined]);
    assert.equal((await at.admin("GET", "/v1/packs/sample")).json.ref, "sample");
    assert.equal((await at.admin("GET", "/v1/actions/sample.hello")).json.entry_point, "hello.sh");
  });

  test("what cannot be registered is refused by name", async () => {
    for (const [body, status, reason] of [
      [{ packs: ["sampel"] }, 404, /did you mean "sample"/],
      [{ packs: ["../etc"] }, 404, /etc/],
      [{ paths: ["relative"] }, 400, /absolute/],
      [{ paths: ["/no/such/folder"] }, 400, /no\/such\/folder/],
      [{ types: ["actoins"] }, 400, /did you mean "actions"/],
    ] as const) {
      const answer = await at.admin("POST", "/v1/packs/register", body);
      assert.equal(answer.status, status, JSON.stringify(body));
      assert.match(answer.json.faultstring, reason);
    }
  });

  test("files of a pack are shown, with their version; nothing outside of it is", async () => {
    const file = await at.admin("GET", "/v1/packs/views/file/sample/actions/hello.sh");
    assert.equal(file.text, "#!/bin/sh\necho hello\n");
    const same = await at.admin("GET", "/v1/packs/views/file/sample/actions/hello.sh", undefined, {
      "If-None-Match": file.headers.get("etag") ?? "",
    });
    assert.equal(same.status, 304);
    await symlink("/etc/passwd", join(folder, "sample/leak"));
    for (const path of ["..%2F..%2Fetc/passwd", "%2Fetc%2Fpasswd", "leak", "nothing", "actions", "a%00b"]) {
      const { status, text } = await at.admin("GET", `/v1/packs/views/file/sample/${path}`);
      assert.ok(status === 404 || status === 400, `${path} ${status}`);
      assert.ok(!text.includes("root:"));
    }
    const { json } = await at.admin("GET", "/v1/packs/views/files/sample");
    assert.ok(json.some((one: { file_path: string }) => one.file_path === "actions/hello.sh"));
    const entry = await at.admin("GET", "/v1/actions/views/entry_point/sample.hello");
    assert.equal(entry.text, file.text);
    assert.equal((await at.admin("GET", "/v1/actions/views/entry_point/core.noop")).status, 404);
  });

  test("an action is created, changed, copied and deleted, with its files", async () => {
    const made = await at.admin("POST", "/v1/actions", {
      name: "scripted",
      pack: "sample",
      runner_type: "local-shell-script",
      entry_point: "scripted.sh",
      data_files: [{ file_path: "scripted.sh", content: "echo made" }],
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(await readFile(join(folder, "sample/actions/scripted.sh"), "utf8"), "echo made");
    const changed = await at.admin("PUT", "/v1/actions/sample.scripted", { ...made.json, description: "new" });
    assert.equal(changed.json.description, "new");
    const copy = await at.admin("POST", "/v1/actions/sample.scripted/clone", {
      dest_pack: "sample",
      dest_action: "copied",
    });
    assert.deepEqual([copy.status, copy.json.ref, copy.json.entry_point], [201, "sample.copied", "copied.sh"]);
    const again = await at.admin("POST", "/v1/actions/sample.scripted/clone", {
      dest_pack: "sample",
      dest_action: "copied",
    });
    assert.equal(again.status, 400);
    assert.equal((await at.admin("DELETE", "/v1/actions/sample.copied", { remove_files: true })).status, 204);
    await assert.rejects(readFile(join(folder, "sample/actions/copied.sh")));
    assert.equal((await at.admin("GET", "/v1/actions/sample.copied")).status, 404);
  });

  test("files cannot be written outside of the pack, nor under names that none can have", async () => {
    for (const path of ["../../outside.sh", "/tmp/outside.sh", "a\0b", "x".repeat(300), "d/".repeat(3000)]) {
      const { status } = await at.admin("POST", "/v1/actions", {
        name: "sneaky",
        pack: "sample",
        runner_type: "noop",
        data_files: [{ file_path: path, content: "x" }],
      });
      assert.equal(status, 400, path);
    }
    assert.equal((await at.admin("GET", "/v1/actions/sample.sneaky")).status, 404);
  });

  test("what the system ships cannot be changed", async () => {
    assert.equal((await at.admin("DELETE", "/v1/actions/core.local")).status, 400);
    assert.equal((await at.admin("DELETE", "/v1/packs/core")).status, 400);
    assert.equal((await at.admin("POST", "/v1/actions", { name: "x", pack: "core", runner_type: "noop" })).status, 400);
  });

  test("the views of an action hold the parameters of its runner", async () => {
    const { json } = await at.admin("GET", "/v1/actions/views/parameters/core.local");
    assert.ok("cmd" in json.parameters && "timeout" in json.parameters);
    const overview = await at.admin("GET", "/v1/actions/views/overview/core.local");
    assert.deepEqual(overview.json.parameters, json.parameters);
    const list = await at.admin("GET", "/v1/actions/views/overview?pack=core&name=local");
    assert.deepEqual(list.json[0].parameters, json.parameters);
  });

  test("a pack's configuration is checked, and its secrets are shown to administrators who ask", async () => {
    const put = await at.admin("PUT", "/v1/configs/sample", { host: "a", password: "s3cret" });
    assert.deepEqual(put.json.values, { host: "a", password: "********" });
    const user = await at.user("configurer");
    assert.equal((await user("GET", "/v1/configs/sample?show_secrets=true")).json.values.password, "********");
    assert.equal((await at.admin("GET", "/v1/configs/sample?show_secrets=true")).json.values.password, "s3cret");
    assert.equal((await at.admin("PUT", "/v1/configs/sample", { host: 5 })).status, 400);
    assert.equal((await at.admin("PUT", "/v1/configs/nothing", {})).status, 404);
    assert.equal((await at.admin("GET", "/v1/config_schemas/sample")).json.attributes.password.secret, true);
  });

  test("secret parameters of a rule's action are masked", async () => {
    await at.admin("POST", "/v1/actions", {
      name: "hush",
      pack: "sample",
      runner_type: "noop",
      parameters: {
        word: { type: "string", secret: true },
        deep: { type: "object", properties: { a: { type: "string", secret: true } } },
      },
    });
    await at.admin("POST", "/v1/rules", {
      name: "hushed",
      trigger: { type: "core.st2.webhook", parameters: { url: "hush" } },
      action: { ref: "sample.hush", parameters: { word: "sesame", deep: { a: "inner" } } },
    });
    const user = await at.user("reader");
    for (const path of ["/v1/rules", "/v1/rules/views", "/v1/rules/default.hushed?show_secrets=true"]) {
      const { text } = await user("GET", path);
      assert.ok(text.includes("********") && !text.includes("sesame") && !text.includes("inner"), path);
    }
    assert.match((await at.admin("GET", "/v1/rules/default.hushed?show_secrets=true")).text, /sesame/);
  });

  test("runners and sensors are only switched on and off", async () => {
    const { json } = await at.admin("GET", "/v1/runnertypes/?name=noop");
    assert.equal(json.length, 1);
    const off = await at.admin("PUT", "/v1/runnertypes/noop", { ...json[0], enabled: false, description: "changed" });
    assert.deepEqual([off.json.enabled, off.json.description], [false, json[0].description]);
    const { json: run } = await at.admin("POST", "/v1/executions", { action: "core.noop" });
    const error = 'Runner "noop" has been disabled by the administrator.';
    const refused = { error, code: "runner.disabled", traceback: "" };
    assert.deepEqual((await completed(at.admin, run.id)).result, refused);
    await at.admin("PUT", "/v1/runnertypes/noop", { enabled: true });
    assert.equal((await at.admin("GET", "/v1/sensortypes")).status, 200);
  });

  test("timers, webhooks, types of rules and of policies are listed", async () => {
    assert.equal((await at.admin("GET", "/v1/timers?timer_type=core.st2.CronTimer")).json.length > 0, true);
    assert.equal((await at.admin("GET", "/v1/timers?timer_type=nope")).status, 400);
    const [hook] = (await at.admin("GET", "/v1/webhooks")).json;
    assert.equal((await at.admin("GET", `/v1/webhooks/${hook.parameters.url}`)).json.id, hook.id);
    const [asked] = (await at.admin("GET", "/v1/webhooks?include_attributes=url,type,description")).json;
    assert.deepEqual(asked, hook, "st2 asks for the url, and takes it from the parameters");
    const triggers = async (query: string) => (await at.admin("GET", `/v1/triggers${query}`)).json;
    assert.deepEqual(await triggers("?type=None"), await triggers(""), "st2 trigger getspecs asks so for all");
    assert.deepEqual(
      (await triggers("?type=core.st2.webhook")).length,
      (await at.admin("GET", "/v1/webhooks")).json.length,
    );
    assert.equal((await at.admin("GET", "/v1/ruletypes/backstop")).json.name, "backstop");
    const { json } = await at.admin("GET", "/v1/policytypes?resource_type=action");
    assert.deepEqual(
      json.map((one: { ref: string }) => one.ref),
      ["action.concurrency", "action.concurrency.attr", "action.retry"],
    );
  });

  test("a removed pack takes its content with it", async () => {
    const { status, json } = await at.admin("POST", "/v1/packs/uninstall", { packs: ["sample"] });
    assert.equal(status, 202);
    assert.equal((await completed(at.admin, json.execution_id)).status, "succeeded");
    assert.equal((await at.admin("GET", "/v1/packs/sample")).status, 404);
    assert.equal((await at.admin("GET", "/v1/actions/sample.hello")).status, 404);
    assert.equal((await at.admin("DELETE", "/v1/packs/sample")).status, 404);
  });
});
