import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { onTerminal } from "./testing/on-terminal.ts";
import { emptyHome, environmentOf } from "./testing/run-squall.ts";
import { offerRun, sendJson, startStandIn } from "./testing/stand-in.ts";

test("login asks for name and password, and the password is never shown", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome(t);
  let basic = "";
  standIn.on("POST /auth/tokens", (response, { headers }) => {
    basic = Buffer.from(headers.authorization?.slice("Basic ".length) ?? "", "base64").toString();
    sendJson(response, 201, { id: "1", user: "admin", token: "T", expiry: "2026-11-23T09:00:00Z" });
  });
  // A letter typed wrong and taken back.
  const shown = await onTerminal(
    home,
    ["admin", "s3crex\u007ft"],
    ["login"],
    environmentOf(home, { url: standIn.url }),
  );
  assert.equal(basic, "admin:s3cret");
  assert(!shown.includes("s3cre"), shown);
  assert.match(shown, /signed in to .* as admin/);
  assert.match(shown, /status 0$/m);
  assert(readFileSync(join(home, ".config/squall/credentials.json"), "utf8").includes('"T"'));
});

test("Ctrl-C at the password ends with 130 and keeps nothing", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome(t);
  const shown = await onTerminal(home, ["abc\u0003"], ["login", "admin"], environmentOf(home, { url: standIn.url }));
  assert.match(shown, /status 130$/m);
  assert.equal(standIn.seen.length, 0);
  assert(!existsSync(join(home, ".config")));
});

test("a secret parameter is asked for without showing it", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome(t);
  offerRun(standIn, [["stdout", "ok\n"]], { status: "succeeded", result: { stdout: "ok\n" } });
  const args = ["run", "core.local", "sudo_password=?", "id"];
  const shown = await onTerminal(home, ["hunter2"], args, environmentOf(home, { url: standIn.url }));
  assert.deepEqual(standIn.got("POST /executions")[0]?.body.parameters, { sudo_password: "hunter2", cmd: "id" });
  assert(!shown.includes("hunter2"), shown);
  assert.match(shown, /✓.* core\.local succeeded after 1\.0 s/);
});

test("on a terminal tables have colours and fit; with NO_COLOR they only fit", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome(t);
  standIn.on("GET /actions", [{ ref: "core.local", pack: "core", description: "long ".repeat(40) }]);
  const env = environmentOf(home, { url: standIn.url });
  assert.match(await onTerminal(home, [], ["action", "list"], env), /\u001b\[1mref/);
  const plain = await onTerminal(home, [], ["action", "list"], { ...env, NO_COLOR: "1" });
  assert(!plain.includes("\u001b["), plain);
  const lines = plain.split("\r\n").filter((line) => line.startsWith("core."));
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.length, 60);
});
