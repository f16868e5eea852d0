import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { onTerminal } from "./testing/on-terminal.ts";
import { emptyHome, environmentOf } from "./testing/run-squall.ts";
import { offerRun, sendJson, startStandIn } from "./testing/stand-in.ts";

test("login asks for name and password, and the password is never shown", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
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
  const home = emptyHome();
  const shown = await onTerminal(home, ["abc\u0003"], ["login", "admin"], environmentOf(home, { url: standIn.url }));
  assert.match(shown, /status 130$/m);
  assert.equal(standIn.seen.length, 0);
  assert(!existsSync(join(home, ".config")));
});

test("a secret parameter is asked for without showing it", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  offerRun(standIn, [["stdout", "ok\n"]], { status: "succeeded", result: { stdout: "ok\n" } });
  const args = ["run", "core.local", "sudo_password=?", "id"];
  const shown = await onTerminal(home, ["hunter2"], args, environmentOf(home, { url: standIn.url }));
  assert.deepEqual(standIn.got("POST /executions")[0]?.body.parameters, { sudo_password: "hunter2", cmd: "id" });
  assert(!shown.includes("hunter2"), shown);
  assert.match(shown, /✓.* core\.local succeeded after 1\.0 s/);
});

test("on a terminal tables have colours and fit; with NO_COLOR they only fit", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  standIn.on("GET /actions", [{ ref: "core.local", pack: "core", description: "long ".repeat(40) }]);
  const env = environmentOf(home, { url: standIn.url });
  assert.match(await onTerminal(home, [], ["action", "list"], env), /\u001b\[1mref/);
  const plain = await onTerminal(home, [], ["action", "list"], { ...env, NO_COLOR: "1" });
  assert(!plain.includes("\u001b["), plain);
  const lines = plain.split("\r\n").filter((line) => line.startsWith("core."));
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.length, 60);
});

test("an inquiry is answered field by field: types, choices, defaults, secrets unseen", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  const id = "5f00000000000000000000f1";
  const properties = {
    go: { type: "boolean", required: true, description: "Shall it go on?" },
    size: { type: "string", enum: ["small", "large"], default: "small" },
    count: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
    password: { type: "string", secret: true },
    note: { type: "string" },
  };
  standIn.on(`GET /inquiries/${id}`, { id, route: "", ttl: 0, users: [], roles: [], schema: { properties } });
  standIn.on(`PUT /inquiries/${id}`, (response, { body }) => sendJson(response, 200, body));
  // Nothing, then something that is no boolean, then yes; a size there is none of, then the default.
  const answers = ["", "perhaps", "yes", "huge", "", "3", "a, b", "hunter2", ""];
  const env = environmentOf(home, { url: standIn.url });
  const shown = await onTerminal(home, answers, ["inquiry", "respond", id], env);
  assert.deepEqual(standIn.got(`PUT /inquiries/${id}`)[0]?.body.response, {
    go: true,
    count: 3,
    tags: ["a", "b"],
    password: "hunter2",
  });
  assert.match(shown, /Shall it go on\?\r\n\S*go \(yes or no\): /);
  assert.match(shown, /go is needed/);
  assert.match(shown, /size \(small, large\) \[small\]: /);
  assert.match(shown, /it is one of small, large/);
  assert(!shown.includes("hunter2"), shown);
  assert.match(shown, /answered 5f00000000000000000000f1/);
  assert.match(shown, /status 0$/m);
});
