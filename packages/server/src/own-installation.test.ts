import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { basic, callerOf } from "./a-server.ts";
import { startServer } from "./assemble.ts";
import { readOptions, ROOT } from "./options.ts";

test("an installation is its data directory: who is locked out gets in again, and the API writes nowhere else", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "squall-own-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const start = async (...more: string[]) => {
    const options = readOptions(["--port", "0", "--data", directory, ...more], {});
    assert.ok(!options.help);
    return startServer(options, () => undefined);
  };
  const signIn = (url: string, password: string) =>
    callerOf(url, {})("POST", "/v1/tokens", undefined, basic("admin", password));

  const first = await start();
  const old = first.firstLogin?.password ?? "";
  await first.stop(0);

  await using second = await start("--reset-password", "admin");
  const fresh = second.firstLogin?.password ?? "";
  assert.notEqual(fresh, old);
  assert.equal((await signIn(second.url, old)).status, 401);
  const { status, json } = await signIn(second.url, fresh);
  assert.equal(status, 201);

  const admin = callerOf(second.url, { "X-Auth-Token": json.token });
  const made = await admin("POST", "/v1/actions", {
    name: "written",
    pack: "default",
    runner_type: "local-shell-script",
    entry_point: "written.sh",
    data_files: [{ file_path: "written.sh", content: "echo here" }],
  });
  assert.equal(made.status, 201, made.text);
  assert.ok(existsSync(join(directory, "packs", "default", "actions", "written.sh")));
  assert.ok(!existsSync(join(ROOT, "packs", "default", "actions")), "the API wrote into the program's own folder");
});
