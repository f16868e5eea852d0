import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { aServer, basic, callerOf, completed, type TestServer } from "../a-server.ts";

suite("signing in", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer();
  });
  after(() => at[Symbol.asyncDispose]());

  test("name and password give a token, which says whose it is and when it ends", async () => {
    const login = await at.anybody("POST", "/auth/tokens", { ttl: 60 }, basic("admin", at.password));
    assert.equal(login.status, 201);
    assert.match(login.json.token, /^[0-9a-f]{32}$/);
    const { json } = await at.anybody("GET", "/v1/user", undefined, { "X-Auth-Token": login.json.token });
    assert.equal(json.username, "admin");
    assert.deepEqual(json.authentication, {
      method: "authentication token",
      location: "header",
      token_expire: login.json.expiry,
    });
    assert.equal(json.rbac.is_admin, true);
  });

  test("wrong, missing and unreadable credentials are 401, a lifetime beyond the limit 400", async () => {
    for (const headers of [{}, { Authorization: "Basic !!!" }, basic("admin", "wrong"), basic("nobody", "x")]) {
      const { status, json } = await at.anybody("POST", "/v1/tokens", {}, headers);
      assert.deepEqual([status, json.faultstring], [401, "Invalid or missing credentials"]);
    }
    const long = await at.anybody("POST", "/v1/tokens", { ttl: 999_999 }, basic("admin", at.password));
    assert.equal(long.status, 400);
    assert.match(long.json.faultstring, /TTL specified 999999 is greater than max allowed 86400/);
  });

  test("a token counts in each of the places where clients put it", async () => {
    const token = at.adminToken;
    const { json: key } = await at.admin("POST", "/v1/apikeys", {});
    const ways: [string, Record<string, string>][] = [
      ["", { "X-Auth-Token": token }],
      ["", { "St2-Api-Key": key.key }],
      ["", { Authorization: `Bearer ${token}` }],
      [`?x-auth-token=${token}`, {}],
      [`?st2-api-key=${key.key}`, {}],
      ["", { Cookie: `other=1; auth-token=${token}` }],
    ];
    for (const [query, headers] of ways) {
      const { status, json } = await at.anybody("GET", `/v1/user${query}`, undefined, headers);
      assert.deepEqual([status, json.username], [200, "admin"], JSON.stringify([query, Object.keys(headers)]));
    }
  });

  test("a token sets the cookie that a browser's event stream signs in with", async () => {
    const { headers } = await at.admin("GET", "/v1/user");
    assert.match(headers.get("set-cookie") ?? "", /^auth-token=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
    const { json: key } = await at.admin("POST", "/v1/apikeys", {});
    const byKey = await at.anybody("GET", "/v1/user", undefined, { "St2-Api-Key": key.key });
    assert.equal(byKey.headers.get("set-cookie"), null);
  });

  test("a cookie counts for reading from our own pages alone", async () => {
    const cookie = { Cookie: `auth-token=${at.admin.headers["X-Auth-Token"]}` };
    const ask = (method: string, headers: Record<string, string>) =>
      at.anybody(method, "/v1/rules", method === "POST" ? {} : undefined, { ...cookie, ...headers });
    assert.equal((await ask("GET", { "Sec-Fetch-Site": "same-origin" })).status, 200);
    assert.equal((await ask("GET", { "Sec-Fetch-Site": "cross-site" })).status, 401);
    assert.equal((await ask("GET", { Origin: "https://evil.example" })).status, 401);
    assert.equal((await ask("POST", { "Sec-Fetch-Site": "same-origin" })).status, 401);
  });

  test("an invented token is 401", async () => {
    for (const token of ["x", "0".repeat(32), `sqx${"0".repeat(64)}`]) {
      const { status } = await at.anybody("GET", "/v1/user", undefined, { "X-Auth-Token": token });
      assert.equal(status, 401);
    }
  });

  test("after signing out a token holds no longer", async () => {
    const { json } = await at.anybody("POST", "/v1/tokens", {}, basic("admin", at.password));
    const caller = callerOf(at.url, { "X-Auth-Token": json.token });
    assert.equal((await at.admin("POST", "/v1/tokens/validate", { token: json.token })).json.valid, true);
    assert.equal((await caller("DELETE", "/v1/tokens/current")).status, 204);
    assert.equal((await caller("GET", "/v1/user")).status, 401);
    assert.equal((await at.admin("POST", "/v1/tokens/validate", { token: json.token })).json.valid, false);
  });

  test("guessing passwords is slowed down with 429 and a time to wait", async () => {
    await at.user("guessed");
    let status = 401;
    let retry: string | null = null;
    for (let guess = 0; guess < 200 && status === 401; guess++) {
      const answer = await at.anybody("POST", "/v1/tokens", {}, basic("guessed", `wrong ${guess}`));
      status = answer.status;
      retry = answer.headers.get("retry-after");
    }
    assert.equal(status, 429);
    assert.ok(Number(retry) >= 1);
  });

  test("an API key is shown once, works until it is switched off, and is its user's own affair", async () => {
    const user = await at.user("keyholder");
    const { status, json: made } = await user("POST", "/v1/apikeys", { metadata: { used: "tests" } });
    assert.equal(status, 201);
    const byKey = callerOf(at.url, { "St2-Api-Key": made.key });
    assert.equal((await byKey("GET", "/v1/user")).json.username, "keyholder");
    const shown = await user("GET", `/v1/apikeys/${made.id}`);
    assert.ok(!("key" in shown.json) && shown.json.key_hash === "********");
    assert.equal((await (await at.user("stranger"))("GET", `/v1/apikeys/${made.id}`)).status, 404);
    const off = await user("PUT", `/v1/apikeys/${made.id}`, { ...shown.json, enabled: false });
    assert.equal(off.json.enabled, false);
    const refused = await byKey("GET", "/v1/user");
    assert.deepEqual([refused.status, refused.json.faultstring], [401, "Unauthorized - API key is disabled."]);
    assert.equal((await user("PUT", `/v1/apikeys/${made.id}`, { key_hash: "other" })).status, 400);
    assert.equal((await user("DELETE", `/v1/apikeys/${made.id}`)).status, 204);
    assert.equal((await user("GET", `/v1/apikeys/${made.id}`)).status, 404);
  });

  test("an API key that was deleted comes back from what an administrator noted of it", async () => {
    const { json: made } = await at.admin("POST", "/v1/apikeys", { metadata: { used: "tests" } });
    const noted = (await at.admin("GET", `/v1/apikeys/${made.id}?show_secrets=true`)).json;
    await at.admin("DELETE", `/v1/apikeys/${made.id}`);
    const { id, user, key_hash, metadata } = noted;
    const { status, json } = await at.admin("POST", "/v1/apikeys", { id, user, key_hash, metadata, enabled: true });
    assert.deepEqual([status, json.key, json.key_hash, json.metadata], [201, undefined, "********", { used: "tests" }]);
    const byKey = callerOf(at.url, { "St2-Api-Key": made.key });
    assert.equal((await byKey("GET", "/v1/user")).json.username, "admin");
    assert.equal((await at.admin("POST", "/v1/apikeys", { key_hash })).status, 409);
    assert.equal((await at.admin("POST", "/v1/apikeys", { key_hash: "saltnpepper" })).status, 400);
  });

  test("what administrators do is refused to others, by name", async () => {
    const user = await at.user("plain");
    const refusals: [string, string, unknown][] = [
      ["GET", "/v1/users", undefined],
      ["POST", "/v1/users", { name: "x", password: "long enough", roles: ["admin"] }],
      ["PUT", "/v1/users/admin/password", { password: "long enough" }],
      ["POST", "/v1/apikeys", { user: "admin" }],
      ["POST", "/v1/packs/register", { path: "/" }],
      ["POST", "/v1/executions", { action: "core.noop", user: "admin" }],
      ["GET", "/v1/keys?scope=user&user=admin", undefined],
      ["GET", "/v1/keys?decrypt=true", undefined],
    ];
    for (const [method, path, body] of refusals) {
      const { status, json } = await user(method, path, body);
      assert.equal(status, 403, `${method} ${path} ${json?.faultstring}`);
      assert.match(json.faultstring, /plain/);
    }
  });

  test("an observer sees what there is and changes nothing", async () => {
    const observer = await at.user("watcher", ["observer"]);
    assert.equal((await observer("GET", "/v1/rules")).status, 200);
    assert.equal((await observer("POST", "/v1/executions", { action: "core.noop" })).status, 403);
    assert.equal((await observer("DELETE", "/v1/rules/examples.alertmanager")).status, 403);
  });

  test("the token of an execution opens what its user may, but for credentials, while it runs", async () => {
    const script =
      'for p in user keys actions "executions/$ST2_ACTION_EXECUTION_ID" executions/$OTHER apikeys users; do ' +
      'curl -s -o /dev/null -w "%{http_code} " -H "X-Auth-Token: $ST2_ACTION_AUTH_TOKEN" "$ST2_ACTION_API_URL/$p"; done; ' +
      'echo "$ST2_ACTION_AUTH_TOKEN" >&2';
    const { json: other } = await at.admin("POST", "/v1/executions", { action: "core.noop" });
    const { json } = await at.admin("POST", "/v1/executions", {
      action: "core.local",
      parameters: { cmd: script, env: { OTHER: other.id } },
    });
    const { result } = await completed(at.admin, json.id);
    assert.equal(result.stdout.trim(), "200 200 200 200 200 403 403", JSON.stringify(result));
    const late = await at.anybody("GET", "/v1/user", undefined, { "X-Auth-Token": result.stderr.trim() });
    assert.equal(late.status, 401);
  });
});
