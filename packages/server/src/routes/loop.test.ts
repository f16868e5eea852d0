import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { aServer, completed, type TestServer } from "../a-server.ts";

/** A rule on a webhook of its own that runs `core.local`, unless told otherwise. */
function aHook(url: string, change: Record<string, unknown> = {}, auth?: unknown): Record<string, unknown> {
  return {
    name: url.replaceAll("/", "_"),
    pack: "default",
    enabled: true,
    trigger: { type: "core.st2.webhook", parameters: { url, ...(auth ? { auth } : {}) } },
    criteria: {},
    action: { ref: "core.echo", parameters: { message: "{{ trigger.body.word }}" } },
    ...change,
  };
}

suite("the loop over HTTP", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer();
  });
  after(() => at[Symbol.asyncDispose]());

  test("a webhook, a rule, an execution: each leaves its record and they name each other", async () => {
    assert.equal((await at.admin("POST", "/v1/rules", aHook("loop/one"))).status, 201);
    const sent = await at.admin("POST", "/v1/webhooks/loop/one", { word: "hello" });
    assert.deepEqual([sent.status, sent.json], [202, { word: "hello" }]);
    const events = await at.admin("GET", "/v1/triggerinstances?trigger_type=core.st2.webhook");
    assert.equal(events.json.length, 1);
    const [event] = events.json;
    assert.equal(event.status, "processed");
    assert.equal(event.payload.body.word, "hello");
    assert.ok(!JSON.stringify(event.payload).includes(at.adminToken), "credentials are not kept");
    const enforcements = await at.admin("GET", `/v1/ruleenforcements/views?trigger_instance=${event.id}`);
    assert.equal(enforcements.json.length, 1);
    const [enforcement] = enforcements.json;
    assert.equal(enforcement.rule.ref, "default.loop_one");
    assert.equal(enforcement.execution.action.ref, "core.echo");
    const execution = await completed(at.admin, enforcement.execution_id);
    assert.equal(execution.status, "succeeded");
    assert.equal(execution.result.stdout, "hello");
    assert.equal(execution.trigger_instance.id, event.id);
    const again = await at.admin("POST", `/v1/triggerinstances/${event.id}/re_emit`);
    assert.equal(again.json.payload.__context.original_id, event.id);
  });

  test("a webhook wants a token unless its trigger says otherwise", async () => {
    await at.admin("POST", "/v1/rules", aHook("guarded"));
    await at.admin("POST", "/v1/rules", aHook("open", {}, { type: "none" }));
    assert.equal((await at.anybody("POST", "/v1/webhooks/guarded", {})).status, 401);
    assert.equal((await at.admin("POST", "/v1/webhooks/guarded", { word: 1 })).status, 202);
    assert.equal((await at.anybody("POST", "/v1/webhooks/open", { word: 1 })).status, 202);
    const wrong = await at.anybody("POST", "/v1/webhooks/open", { word: 1 }, { "X-Auth-Token": "nonsense" });
    assert.equal(wrong.status, 202, "credentials that nobody asks for do not matter");
  });

  test("an unknown webhook is 404 for those who signed in and 401 for others", async () => {
    const { status, json } = await at.admin("POST", "/v1/webhooks/no/such", {});
    assert.deepEqual([status, json.faultstring], [404, "Webhook no/such not registered with st2"]);
    assert.equal((await at.anybody("POST", "/v1/webhooks/no/such", {})).status, 401);
  });

  test("a signed webhook is taken with its signature alone", async () => {
    await at.admin("PUT", "/v1/keys/hub.secret", { name: "hub.secret", value: "s3cret", secret: true });
    const auth = {
      type: "hmac",
      header: "X-Hub-Signature-256",
      algorithm: "sha256",
      prefix: "sha256=",
      key: "hub.secret",
    };
    assert.equal((await at.admin("POST", "/v1/rules", aHook("signed", {}, auth))).status, 201);
    const body = JSON.stringify({ word: "push" });
    const sign = (secret: string) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const send = (headers: Record<string, string>) => at.anybody("POST", "/v1/webhooks/signed", body, headers);
    assert.equal((await send({ "X-Hub-Signature-256": sign("s3cret") })).status, 202);
    assert.equal((await send({ "X-Hub-Signature-256": sign("other") })).status, 401);
    assert.equal((await send({})).status, 401);
    assert.equal((await at.admin("POST", "/v1/webhooks/signed", body)).status, 401, "a token does not stand in for it");
  });

  test("several triggers with the same url all fire", async () => {
    await at.admin("POST", "/v1/rules", aHook("shared"));
    await at.admin("POST", "/v1/rules", aHook("shared", { name: "shared_open" }, { type: "none" }));
    const before = (await at.admin("GET", "/v1/triggerinstances?limit=1")).headers.get("x-total-count");
    assert.equal((await at.admin("POST", "/v1/webhooks/shared", { word: 1 })).status, 202);
    const after = (await at.admin("GET", "/v1/triggerinstances?limit=1")).headers.get("x-total-count");
    assert.equal(Number(after) - Number(before), 2);
  });

  test("the generic webhook takes a trigger and its payload", async () => {
    await at.admin("POST", "/v1/triggertypes", { name: "sample", pack: "default", payload_schema: { type: "object" } });
    const sent = await at.admin("POST", "/v1/webhooks/st2", { trigger: "default.sample", payload: { a: 1 } });
    assert.equal(sent.status, 202);
    const [event] = (await at.admin("GET", "/v1/triggerinstances?trigger=default.sample")).json;
    assert.deepEqual(event.payload, { a: 1 });
    for (const [body, message] of [
      [{}, "Trigger not specified."],
      [{ trigger: "default.nope" }, "default.nope"],
      [[], "JSON object"],
    ] as const) {
      const { status, json } = await at.admin("POST", "/v1/webhooks/st2", body);
      assert.equal(status, 400);
      assert.ok(json.faultstring.includes(message), json.faultstring);
    }
    assert.equal((await at.anybody("POST", "/v1/webhooks/st2", { trigger: "default.sample" })).status, 401);
  });

  test("a webhook's body that cannot be read leaves nothing behind", async () => {
    await at.admin("POST", "/v1/rules", aHook("strict"));
    const count = async () => (await at.admin("GET", "/v1/triggerinstances?limit=1")).headers.get("x-total-count");
    const before = await count();
    for (const [body, type] of [
      ["{", "application/json"],
      ["<x/>", "application/xml"],
      [Uint8Array.from([0xff]), "application/json"],
    ] as const) {
      assert.equal((await at.admin("POST", "/v1/webhooks/strict", body, { "Content-Type": type })).status, 400, type);
    }
    assert.equal(await count(), before);
  });

  test("a form is a map of lists", async () => {
    await at.admin("POST", "/v1/rules", aHook("form"));
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const { status, json } = await at.admin("POST", "/v1/webhooks/form", "a=1&a=2&b=x", form);
    assert.deepEqual([status, json], [202, { a: ["1", "2"], b: ["x"] }]);
  });

  test("a rule can be tried on an event, criterion by criterion, before it exists and after", async () => {
    const rule = aHook("tried", { criteria: { "trigger.body.n": { type: "gt", pattern: 5 } } });
    const miss = await at.admin("POST", "/v1/rules/test", { rule, payload: { body: { n: 3 } } });
    assert.equal(miss.json.matched, false);
    assert.equal(miss.json.criteria[0].key, "trigger.body.n");
    assert.equal(miss.json.criteria[0].held, false);
    await at.admin("POST", "/v1/rules", rule);
    const hit = await at.admin("POST", "/v1/rules/default.tried/test", { payload: { body: { n: 9, word: "w" } } });
    assert.equal(hit.json.matched, true, hit.text);
    assert.equal(hit.json.parameters.message, "w");
    await at.admin("POST", "/v1/webhooks/tried", { n: 1 });
    const [event] = (await at.admin("GET", "/v1/triggerinstances?limit=1")).json;
    const old = await at.admin("POST", "/v1/rules/default.tried/test", { trigger_instance: event.id });
    assert.equal(old.json.matched, false);
  });

  test("a rule is created, shown, switched off, and deleted; a second of its name is 409", async () => {
    const made = await at.admin("POST", "/v1/rules", aHook("managed"));
    const twice = await at.admin("POST", "/v1/rules", aHook("managed"));
    assert.equal(twice.status, 409);
    assert.match(twice.json.faultstring, /^Tried to save duplicate unique keys/);
    assert.equal(twice.json["conflict-id"], made.json.id);
    const { ref: _, ...full } = made.json;
    const off = await at.admin("PUT", `/v1/rules/${made.json.id}`, { ...full, enabled: false });
    assert.deepEqual([off.status, off.json.enabled], [200, false]);
    assert.equal((await at.admin("PUT", "/v1/rules/default.managed", { ...full, id: "0".repeat(24) })).status, 400);
    assert.equal((await at.admin("DELETE", "/v1/rules/default.managed")).status, 204);
    const gone = await at.admin("GET", "/v1/rules/default.managed");
    assert.deepEqual(
      [gone.status, gone.json.faultstring],
      [404, 'Resource with a reference or id "default.managed" not found'],
    );
    assert.equal((await at.admin("POST", "/v1/webhooks/managed", {})).status, 404);
  });

  test("a rule whose operator does not exist is refused with the one that was meant", async () => {
    const { status, json } = await at.admin(
      "POST",
      "/v1/rules",
      aHook("typo", { criteria: { "trigger.body.a": { type: "equls", pattern: 1 } } }),
    );
    assert.equal(status, 400);
    assert.match(json.faultstring, /equals/);
  });
});
