import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { aServer, type Caller, type TestServer } from "../a-server.ts";

suite("the datastore over HTTP", () => {
  let at: TestServer;
  let user: Caller;
  const put = (ask: Caller, name: string, body: Record<string, unknown>) =>
    ask("PUT", `/v1/keys/${name}`, { name, ...body });
  before(async () => {
    at = await aServer();
    user = await at.user("owner");
  });
  after(() => at[Symbol.asyncDispose]());

  test("a key is written, read, listed by prefix and deleted", async () => {
    const made = await put(at.admin, "plain.one", { value: "v", ttl: 1000, description: "d" });
    assert.equal(made.status, 200);
    assert.deepEqual([made.json.scope, made.json.encrypted, made.json.version], ["st2kv.system", false, 1]);
    assert.match(made.json.expire_timestamp, /Z$/);
    await put(at.admin, "plain.two", { value: "w" });
    const listed = await at.admin("GET", "/v1/keys?prefix=plain.");
    assert.deepEqual(
      listed.json.map((key: { name: string }) => key.name),
      ["plain.one", "plain.two"],
    );
    assert.equal((await at.admin("DELETE", "/v1/keys/plain.one")).status, 204);
    const gone = await at.admin("GET", "/v1/keys/plain.one");
    assert.deepEqual(
      [gone.status, gone.json.faultstring],
      [404, 'The key "plain.one" does not exist in the StackStorm datastore.'],
    );
    assert.equal((await at.admin("DELETE", "/v1/keys/plain.one")).status, 404);
  });

  test("a secret is shown in clear to administrators who ask, to others not", async () => {
    const { json } = await put(at.admin, "hidden", { value: "sesame", secret: true });
    assert.equal(json.encrypted, true);
    assert.ok(!json.value.includes("sesame"));
    assert.equal((await at.admin("GET", "/v1/keys/hidden?decrypt=true")).json.value, "sesame");
    assert.equal((await user("GET", "/v1/keys/hidden")).json.encrypted, true);
    assert.equal((await user("GET", "/v1/keys/hidden?decrypt=true")).status, 403);
  });

  test("a user's keys are the user's own", async () => {
    assert.equal((await put(user, "mine", { value: "1", scope: "user", secret: true })).json.user, "owner");
    assert.equal((await user("GET", "/v1/keys/mine?scope=user&decrypt=true")).json.value, "1");
    assert.equal((await user("GET", "/v1/keys/mine")).status, 404, "it is no system key");
    const stranger = await at.user("stranger");
    assert.equal((await stranger("GET", "/v1/keys/mine?scope=user")).status, 404);
    assert.equal((await stranger("GET", "/v1/keys/mine?scope=user&user=owner")).status, 403);
    assert.equal((await at.admin("GET", "/v1/keys/mine?scope=user&user=owner")).status, 200);
    const all = (await stranger("GET", "/v1/keys?scope=all")).json.map((key: { name: string }) => key.name);
    assert.ok(!all.includes("mine") && all.includes("hidden"));
    assert.ok((await user("GET", "/v1/keys?scope=all")).json.some((key: { name: string }) => key.name === "mine"));
    assert.ok((await at.admin("GET", "/v1/keys?scope=all")).json.some((key: { name: string }) => key.name === "mine"));
  });

  test("a write that expects a version is refused when another came first", async () => {
    const first = await put(at.admin, "counted", { value: "1", expect_version: 0 });
    assert.equal(first.status, 200);
    assert.equal((await put(at.admin, "counted", { value: "2", expect_version: 0 })).status, 409);
    assert.equal((await put(at.admin, "counted", { value: "2", expect_version: 1 })).json.version, 2);
    assert.equal((await at.admin("DELETE", "/v1/keys/counted?expect_version=1")).status, 409);
    assert.equal((await at.admin("DELETE", "/v1/keys/counted?expect_version=2")).status, 204);
  });

  test("names with slashes and dots, as pack code uses them, work", async () => {
    const name = encodeURIComponent("pack.Class:a/b c");
    assert.equal((await at.admin("PUT", `/v1/keys/${name}`, { value: "x" })).status, 200);
    assert.equal((await at.admin("GET", `/v1/keys/${name}`)).json.name, "pack.Class:a/b c");
  });

  test("what cannot be a key is refused", async () => {
    for (const [path, body] of [
      ["/v1/keys/a", {}],
      ["/v1/keys/a", { value: 5 }],
      ["/v1/keys/a", { value: "x", scope: "sytem" }],
      ["/v1/keys/a", { value: "x", name: "b" }],
      ["/v1/keys/a", { value: "x", ttl: 0 }],
      ["/v1/keys/a", { value: "garbage", encrypted: true }],
    ] as const) {
      assert.equal((await at.admin("PUT", path, body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await put(user, "forged", { value: "x", encrypted: true })).status, 403);
    assert.equal((await at.admin("GET", "/v1/keys?scope=nope")).status, 400);
  });
});
