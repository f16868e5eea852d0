import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflict, DEFAULT_PROJECT, Invalid, NotFound } from "@squall/model";
import { anEngine } from "../an-engine.ts";
import { collect } from "../collector.ts";

const project = DEFAULT_PROJECT;
const system = { scope: "st2kv.system", user: "" } as const;

test("a secret key is ciphertext at rest and unless asked for; moved as ciphertext it stays readable", async () => {
  await using t = await anEngine();
  const { keys } = t.engine;
  await keys.set(project, { ...system, name: "s", value: "open sesame", secret: true });
  const sealed = await keys.get(project, "st2kv.system", "", "s");
  assert.ok(sealed && !sealed.value.includes("sesame"));
  assert.equal((await keys.get(project, "st2kv.system", "", "s", true))?.value, "open sesame");
  await keys.set(project, { ...system, name: "copy", value: sealed.value, encrypted: true });
  assert.equal((await keys.get(project, "st2kv.system", "", "copy", true))?.value, "open sesame");
  await assert.rejects(
    keys.set(project, { ...system, name: "bad", value: "nonsense", encrypted: true }),
    (error: Invalid) => /Failed to verify the integrity of the provided value for key "bad"/.test(error.message),
  );
});

test("compare-and-set lets one of two writers through", async () => {
  await using t = await anEngine();
  const { keys } = t.engine;
  const first = await keys.set(project, { ...system, name: "n", value: "1", expectVersion: 0 });
  const writers = ["2", "3"].map((value) =>
    keys.set(project, { ...system, name: "n", value, expectVersion: first.version }),
  );
  const results = await Promise.allSettled(writers);
  assert.deepEqual(results.map((one) => one.status).sort(), ["fulfilled", "rejected"]);
  const refused = results.find((one) => one.status === "rejected");
  assert.ok(refused?.reason instanceof Conflict);
  await assert.rejects(keys.set(project, { ...system, name: "n", value: "x", expectVersion: 0 }), Conflict);
});

test("without a version every concurrent write lands, one after the other", async () => {
  await using t = await anEngine();
  const { keys } = t.engine;
  await Promise.all([..."abcdefgh"].map((value) => keys.set(project, { ...system, name: "n", value })));
  assert.equal((await keys.get(project, "st2kv.system", "", "n"))?.version, 8);
});

test("keys of users are apart from each other and from the system's", async () => {
  await using t = await anEngine();
  const { keys } = t.engine;
  await keys.set(project, { ...system, name: "n", value: "system" });
  await keys.set(project, { scope: "st2kv.user", user: "ada", name: "n", value: "ada" });
  await keys.set(project, { scope: "st2kv.user", user: "bob", name: "n", value: "bob" });
  assert.equal((await keys.get(project, "st2kv.user", "ada", "n"))?.value, "ada");
  await keys.delete(project, "st2kv.user", "ada", "n");
  assert.equal(await keys.get(project, "st2kv.user", "ada", "n"), undefined);
  assert.equal((await keys.get(project, "st2kv.user", "bob", "n"))?.value, "bob");
  await assert.rejects(keys.delete(project, "st2kv.user", "ada", "n"), NotFound);
});

test("a key with a time to live is gone when it is over, and then collected", async () => {
  let now = Date.now() * 1000;
  await using t = await anEngine({ now: () => now });
  const { keys } = t.engine;
  await keys.set(project, { ...system, name: "short", value: "v", ttl: 10 });
  now += 9e6;
  assert.equal((await keys.get(project, "st2kv.system", "", "short"))?.value, "v");
  now += 2e6;
  assert.equal(await keys.get(project, "st2kv.system", "", "short"), undefined);
  assert.deepEqual((await keys.list(project, {}, {})).items, []);
  assert.equal(await collect(t.parts), 1);
});

test("names, values and times that cannot be are refused", async () => {
  await using t = await anEngine();
  const set = (change: object) => t.engine.keys.set(project, { ...system, name: "n", value: "v", ...change });
  for (const change of [
    { name: "" },
    { name: "x".repeat(513) },
    { value: "x".repeat((1 << 20) + 1) },
    { ttl: 0 },
    { ttl: -1 },
  ]) {
    await assert.rejects(set(change), Invalid);
  }
});
