import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflict, DEFAULT_PROJECT, TooMany, Unauthenticated } from "@squall/model";
import { anEngine } from "../an-engine.ts";
import { createLoginLimit } from "./login-limit.ts";
import { hashPassword, verifyPassword } from "./password.ts";

const project = DEFAULT_PROJECT;

test("the first start makes an administrator with a password that is shown once and kept as a hash", async () => {
  await using t = await anEngine();
  const { accounts } = t.engine;
  const made = await accounts.bootstrap();
  assert.ok(made);
  assert.equal(await accounts.bootstrap(), undefined);
  const stored = await t.store.user(project, "admin");
  assert.match(stored?.password ?? "", /^\$argon2id\$/);
  const { secret } = await accounts.login({ ...made, origin: "here" });
  const principal = await accounts.authenticate({ token: secret });
  assert.deepEqual([principal.user, principal.roles, principal.method], ["admin", ["admin"], "token"]);
});

test("a wrong password, an unknown user and a disabled one get the same answer", async () => {
  await using t = await anEngine();
  const { accounts } = t.engine;
  const user = await accounts.createUser(project, "ada", "correct horse", []);
  const message = async (name: string, password: string) =>
    accounts.login({ user: name, password, origin: name }).then(
      () => "in",
      (error: Error) => (error instanceof Unauthenticated ? error.message : String(error)),
    );
  const wrong = await message("ada", "wrong horse");
  assert.equal(await message("eve", "wrong horse"), wrong);
  await t.store.commit([{ kind: "user.put", user: { ...user, enabled: false } }]);
  assert.equal(await message("ada", "correct horse"), wrong);
  await assert.rejects(accounts.createUser(project, "ada", "another one", []), Conflict);
});

test("too many failed logins have to wait, longer each time, per user and per origin", () => {
  const limit = createLoginLimit();
  const t0 = 1_000_000;
  for (let n = 0; n < 5; n++) limit.attempt("ada", `origin ${n}`, t0);
  assert.throws(() => limit.attempt("ada", "new", t0), TooMany);
  limit.attempt("bob", "new", t0);
  limit.attempt("ada", "new", t0 + 1001);
  assert.throws(() => limit.attempt("ada", "new", t0 + 2500), TooMany);
  limit.attempt("ada", "new", t0 + 3002);
  limit.succeeded("ada", "new");
  limit.attempt("ada", "new", t0 + 3002);
  for (let n = 0; n < 20; n++) limit.attempt(`user ${n}`, "attacker", t0);
  assert.throws(() => limit.attempt("anyone", "attacker", t0), TooMany);
  for (let n = 0; n < 100; n++) {
    limit.attempt("eve", "busy", t0);
    limit.succeeded("eve", "busy");
  }
});

test("of many logins at once no more are tried than one after the other", async () => {
  await using t = await anEngine();
  const { accounts } = t.engine;
  const tries = Array.from({ length: 12 }, () => accounts.login({ user: "ada", password: "wrong", origin: "here" }));
  const outcomes = (await Promise.allSettled(tries)).map((one) => (one as PromiseRejectedResult).reason as Error);
  assert.equal(outcomes.filter((error) => error instanceof TooMany).length, 7);
});

test("tokens expire, can be revoked, and live at most a day", async () => {
  let now = Date.now() * 1000;
  await using t = await anEngine({ now: () => now });
  const { accounts } = t.engine;
  const { secret } = await accounts.issueToken(project, "ada", 60);
  assert.equal((await accounts.authenticate({ token: secret })).user, "ada");
  await accounts.revokeToken(secret);
  await assert.rejects(accounts.authenticate({ token: secret }), Unauthenticated);
  const other = await accounts.issueToken(project, "ada", 60);
  now += 61e6;
  await assert.rejects(accounts.authenticate({ token: other.secret }), /Unauthorized - Token has expired\./);
  await assert.rejects(
    accounts.issueToken(project, "ada", 86_401),
    /TTL specified 86401 is greater than max allowed 86400\./,
  );
  assert.ok(!JSON.stringify(await t.store.expiredTokens(now, 10)).includes(other.secret), "the token itself is stored");
});

test("API keys work until they are disabled or deleted", async () => {
  await using t = await anEngine();
  const { accounts } = t.engine;
  const { key, secret } = await accounts.createApiKey(project, "ada", { for: "alertmanager" });
  assert.equal((await accounts.authenticate({ apiKey: secret })).user, "ada");
  await accounts.updateApiKey(project, key.id, { enabled: false });
  await assert.rejects(accounts.authenticate({ apiKey: secret }), /API key is disabled/);
  await accounts.updateApiKey(project, secret, { enabled: true });
  assert.equal((await accounts.authenticate({ apiKey: secret })).method, "api-key");
  await accounts.deleteApiKey(project, key.id);
  await assert.rejects(accounts.authenticate({ apiKey: secret }), Unauthenticated);
  await assert.rejects(accounts.authenticate({}), /One of Token or API key required/);
});

test("an API key is taken over by its hash, once", async () => {
  await using t = await anEngine();
  const { accounts } = t.engine;
  const { key, secret } = await accounts.createApiKey(project, "ada", {});
  const given = { user: "ada", metadata: { from: "a backup" }, hash: key.hash, enabled: true };
  await assert.rejects(accounts.importApiKey(project, given), Conflict);
  await accounts.deleteApiKey(project, key.id);
  await accounts.importApiKey(project, given);
  assert.equal((await accounts.authenticate({ apiKey: secret })).user, "ada");
  await assert.rejects(accounts.importApiKey(project, { ...given, hash: "0a".repeat(64) }), /create a new key/);
});

test("an execution's token is good while it runs and no longer", async () => {
  await using t = await anEngine();
  const { engine, admin, parts } = t;
  const started = Promise.withResolvers<void>();
  const stop = parts.bus.subscribe(["output"], () => started.resolve());
  const { id } = await engine.executions.request(admin, {
    action: "core.local",
    parameters: { cmd: "echo go; exec sleep 60" },
  });
  await started.promise;
  stop();
  const principal = await engine.accounts.authenticate({ token: parts.vault.executionToken(id) });
  assert.deepEqual([principal.user, principal.method, principal.execution], ["admin", "execution", id]);
  await engine.executions.cancel(admin, id);
  await engine.executions.settled(project, id);
  await assert.rejects(engine.accounts.authenticate({ token: parts.vault.executionToken(id) }), Unauthenticated);
});

test("passwords are hashed with argon2id, salted, and only the right one verifies", async () => {
  const hash = await hashPassword("correct horse");
  assert.match(hash, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
  assert.notEqual(await hashPassword("correct horse"), hash);
  assert.equal(await verifyPassword("correct horse", hash), true);
  assert.equal(await verifyPassword("wrong", hash), false);
  assert.equal(await verifyPassword("x", "$argon2id$nonsense"), false);
});
