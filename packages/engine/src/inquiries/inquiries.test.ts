import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_PROJECT,
  Denied,
  type Execution,
  Invalid,
  type JsonObject,
  NotFound,
  type Principal,
} from "@squall/model";
import { anEngine, aRule, type TestEngine } from "../an-engine.ts";

const SCHEMA = {
  type: "object",
  properties: {
    go: { type: "boolean", required: true },
    size: { type: "string", enum: ["small", "large"], default: "small" },
    password: { type: "string", secret: true },
  },
  additionalProperties: false,
};

/** Resolves with the execution once it has this status. */
function reaches(t: TestEngine, id: string, status: string): Promise<Execution> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error(`${id} never was ${status}`)), 15_000);
    const stop = t.parts.bus.subscribe(["execution"], ({ execution }) => {
      if (execution.id === id && execution.status === status) finish(execution);
    });
    const finish = (found: Execution | Error) => {
      clearTimeout(timer);
      stop();
      if (found instanceof Error) reject(found);
      else resolve(found);
    };
    void t.store.execution(DEFAULT_PROJECT, id).then((one) => {
      if (one?.status === status) finish(one);
    });
  });
}

async function ask(t: TestEngine, parameters: JsonObject = {}): Promise<Execution> {
  const { id } = await t.engine.executions.request(t.admin, { action: "core.ask", parameters });
  return reaches(t, id, "pending");
}

const refusedWith = (kind: new (...given: never[]) => Error, code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof kind, String(error));
  assert.equal((error as Invalid).code, code);
  assert.match(error.message, message);
  return true;
};

test("a question waits without a slot or a lease, and its answer ends it", async () => {
  await using t = await anEngine({ limits: { inlineSlots: 1 } });
  const asked = await ask(t, { schema: SCHEMA, route: "ops", ttl: 5 });
  // The only slot is free again.
  const other = await t.engine.executions.request(t.admin, { action: "core.noop" });
  await t.engine.executions.settled(DEFAULT_PROJECT, other.id, AbortSignal.timeout(10_000));
  const stored = await t.store.execution(DEFAULT_PROJECT, asked.id);
  assert.deepEqual([stored?.lease, stored?.end], [undefined, undefined]);
  assert.deepEqual(stored?.result, { schema: SCHEMA, roles: [], users: [], route: "ops", ttl: 5 });
  assert.deepEqual((await t.engine.inquiries.list(DEFAULT_PROJECT, {}, {})).items, [
    { id: asked.id, route: "ops", ttl: 5, users: [], roles: [], schema: SCHEMA },
  ]);
  const answered = await t.engine.inquiries.respond(t.admin, asked.id, { go: true, password: "hunter2" });
  assert.deepEqual(answered, { id: asked.id, response: { go: true, size: "small", password: "********" } });
  const done = await reaches(t, asked.id, "succeeded");
  assert.deepEqual(done.result?.response, { go: true, size: "small", password: "hunter2" });
  assert.equal(done.context.responded_by, "admin");
  const [view] = await t.engine.executions.views([done]);
  assert.deepEqual((view?.result as JsonObject).response, { go: true, size: "small", password: "********" });
  assert.deepEqual((await t.engine.inquiries.list(DEFAULT_PROJECT, {}, {})).items, []);
});

test("an answer that is wrong, from the wrong one, or too late is refused and changes nothing", async () => {
  await using t = await anEngine();
  const asked = await ask(t, { schema: SCHEMA, users: ["ann", "bob"], roles: ["operator"] });
  const as = (user: string, ...roles: string[]): Principal => ({ ...t.admin, user, roles });
  const { respond, get } = t.engine.inquiries;
  for (const stranger of [as("eve", "operator"), as("ann"), t.admin]) {
    const says = /^User "\w+" does not have permission to respond to inquiry "\w+"\.$/;
    await assert.rejects(respond(stranger, asked.id, { go: true }), refusedWith(Denied, "inquiry.denied", says));
  }
  const bob = as("bob", "operator");
  const wrong = refusedWith(Invalid, "inquiry.answer.invalid", /did not pass schema validation: .*'go' is a required/);
  await assert.rejects(respond(bob, asked.id, {}), wrong);
  await assert.rejects(respond(bob, asked.id, { go: "yes", password: 987123654 }), (error: unknown) => {
    assert.ok(error instanceof Invalid);
    assert.match(error.message, /'yes' is not of type 'boolean'/);
    assert.doesNotMatch(error.message, /987123654/, "a secret is not repeated");
    return true;
  });
  assert.equal((await get(DEFAULT_PROJECT, asked.id)).id, asked.id);
  await respond(bob, asked.id, { go: false });
  const late = refusedWith(Invalid, "inquiry.answered", /^Inquiry "\w+" has already been responded to\.$/);
  await assert.rejects(respond(bob, asked.id, { go: true }), late);
  await assert.rejects(get(DEFAULT_PROJECT, asked.id), late);
  const noop = await t.engine.executions.request(t.admin, { action: "core.noop" });
  const none = refusedWith(Invalid, "inquiry.none", /^Action execution "\w+" is not an inquiry\.$/);
  await assert.rejects(get(DEFAULT_PROJECT, noop.id), none);
  await assert.rejects(respond(bob, "65f0c0ffee65f0c0ffee0001", {}), NotFound);
});

test("of answers at the same time one counts", async () => {
  await using t = await anEngine();
  const asked = await ask(t);
  const all = await Promise.allSettled(
    Array.from({ length: 20 }, () => t.engine.inquiries.respond(t.admin, asked.id, { continue: true })),
  );
  assert.equal(all.filter((one) => one.status === "fulfilled").length, 1);
  const done = await t.store.execution(DEFAULT_PROJECT, asked.id);
  assert.deepEqual(
    done?.log.map((one) => one.status),
    ["requested", "scheduled", "running", "pending", "succeeded"],
  );
});

test("a question survives a restart, and its time goes on while the server is away", async () => {
  let now = Date.now() * 1000;
  const t = await anEngine({ now: () => now });
  const kept = await ask(t, { ttl: 60 });
  const forever = await ask(t, { ttl: 0 });
  const over = await ask(t, { ttl: 1 });
  now += 61e6;
  await using again = await t.reopen();
  const timedOut = await reaches(again, over.id, "timeout");
  assert.equal(timedOut.result?.error, "nobody answered within 1 minutes");
  const says = /^Inquiry "\w+" timed out/;
  await assert.rejects(
    again.engine.inquiries.respond(again.admin, over.id, { continue: true }),
    refusedWith(Invalid, "inquiry.timed-out", says),
  );
  const { items } = await again.engine.inquiries.list(DEFAULT_PROJECT, {}, {});
  assert.deepEqual(
    items.map((one) => one.id),
    [kept.id, forever.id],
  );
  await again.engine.inquiries.respond(again.admin, kept.id, { continue: true });
  await reaches(again, kept.id, "succeeded");
});

test("a question can be canceled, but not set to an end by hand", async () => {
  await using t = await anEngine();
  const asked = await ask(t);
  await assert.rejects(
    t.engine.executions.setStatus(t.admin, asked.id, "succeeded", { response: { continue: true } }),
    refusedWith(Invalid, "inquiry.status", /waits for an answer/),
  );
  const canceled = await t.engine.executions.cancel(t.admin, asked.id);
  assert.equal(canceled.status, "canceled");
  await assert.rejects(
    t.engine.inquiries.respond(t.admin, asked.id, { continue: true }),
    refusedWith(Invalid, "inquiry.closed", /is canceled/),
  );
});

test("a rule hears of a question", async () => {
  await using t = await anEngine();
  const rule = aRule({
    name: "asked",
    trigger: { type: "core.st2.generic.inquiry", parameters: {} },
    criteria: { "trigger.route": { type: "equals", pattern: "ops" } },
    action: { ref: "core.noop", parameters: {} },
  });
  await t.engine.content.put(DEFAULT_PROJECT, "rule", rule, "create");
  const asked = await ask(t, { route: "ops" });
  await ask(t, { route: "elsewhere" });
  const { items } = await t.engine.events.list(DEFAULT_PROJECT, { trigger_type: "core.st2.generic.inquiry" }, {});
  assert.equal(items.length, 2);
  assert.ok(items.some((one) => JSON.stringify(one.payload) === JSON.stringify({ id: asked.id, route: "ops" })));
  const ran = await t.store.executions(DEFAULT_PROJECT, { rule: "default.asked" }, {});
  assert.equal(ran.items.length, 1);
});

test("a schema that is none fails instead of asking what nobody can answer", async () => {
  await using t = await anEngine();
  const { id } = await t.engine.executions.request(t.admin, {
    action: "core.ask",
    parameters: { schema: { type: "object", properties: { a: { type: "nonsense" } } } },
  });
  const done = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(10_000));
  assert.equal(done.status, "failed");
  assert.match(String(done.result?.error), /^the schema of the answer cannot be used, so nobody could answer: /);
});
