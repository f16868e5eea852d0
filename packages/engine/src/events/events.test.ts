import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import { anEngine, aPayload, aRule } from "../an-engine.ts";

const project = DEFAULT_PROJECT;

describe("an event", () => {
  test("runs the action of every rule that matches, and the books say why", async () => {
    await using t = await anEngine();
    const { content, events, executions } = t.engine;
    const rule = await content.put(
      project,
      "rule",
      aRule({
        criteria: { "trigger.body.status": { type: "eq", pattern: "firing" } },
        action: { ref: "core.local", parameters: { cmd: "echo {{trigger.body.name}}" } },
      }),
      "create",
    );
    const emitted = await events.emit(project, {
      trigger: rule.trigger.ref,
      payload: aPayload({ status: "firing", name: "disk" }),
    });
    assert.equal(emitted.executions.length, 1);
    const done = await executions.settled(project, emitted.executions[0]?.id ?? "");
    assert.equal(done.result?.stdout, "disk");
    assert.equal(done.trigger_instance, emitted.event.id);
    assert.equal(done.rule, rule.ref);
    const { items } = await events.enforcements(project, { trigger_instance: emitted.event.id }, {});
    assert.deepEqual(
      items.map((one) => [one.status, one.execution, one.rule.ref]),
      [["succeeded", done.id, rule.ref]],
    );
    const [view] = await executions.views([done]);
    assert.equal((view?.rule as { ref: string }).ref, rule.ref);
    assert.equal((view?.trigger_instance as { id: string }).id, emitted.event.id);

    const ignored = await events.emit(project, {
      trigger: rule.trigger.ref,
      payload: aPayload({ status: "resolved" }),
    });
    assert.equal(ignored.executions.length, 0);
    assert.equal((await events.get(project, ignored.event.id))?.status, "processed");
  });

  test("that a rule cannot decide or act on leaves a failed enforcement with the reason", async () => {
    await using t = await anEngine();
    const { content, events } = t.engine;
    const undecidable = await content.put(
      project,
      "rule",
      aRule({ name: "undecidable", criteria: { "trigger.body.count": { type: "gt", pattern: 3 } } }),
      "create",
    );
    await content.put(
      project,
      "rule",
      aRule({ name: "no_action", action: { ref: "default.missing", parameters: {} } }),
      "create",
    );
    await content.put(
      project,
      "rule",
      aRule({
        name: "bad_template",
        action: { ref: "core.local", parameters: { cmd: "echo {{trigger.body.nope.more}}" } },
      }),
      "create",
    );
    const { event, executions } = await events.emit(project, {
      trigger: undecidable.trigger.ref,
      payload: aPayload({ count: "many" }),
    });
    assert.equal(executions.length, 0);
    const { items } = await events.enforcements(project, { trigger_instance: event.id }, {});
    const reasons = Object.fromEntries(items.map((one) => [one.rule.ref, one.failure_reason]));
    assert.match(
      reasons["default.undecidable"] ?? "",
      /^Failed to match rule "default\.undecidable" against trigger instance/,
    );
    assert.equal(reasons["default.no_action"], `Action "default.missing" doesn't exist`);
    assert.match(reasons["default.bad_template"] ?? "", /Failed to render parameter "cmd"/);
  });

  test("that fits no standard rule goes to the backstop", async () => {
    await using t = await anEngine();
    const { content, events } = t.engine;
    const rule = await content.put(
      project,
      "rule",
      aRule({ name: "standard", criteria: { "trigger.body.a": { type: "eq", pattern: 1 } } }),
      "create",
    );
    await content.put(project, "rule", aRule({ name: "rest", type: { ref: "backstop", parameters: {} } }), "create");
    const taken = await events.emit(project, { trigger: rule.trigger.ref, payload: aPayload({ a: 1 }) });
    assert.deepEqual(
      taken.executions.map((one) => one.rule),
      ["default.standard"],
    );
    const left = await events.emit(project, { trigger: rule.trigger.ref, payload: aPayload({ a: 2 }) });
    assert.deepEqual(
      left.executions.map((one) => one.rule),
      ["default.rest"],
    );
  });

  test("of an unknown trigger or with a wrong payload is refused and leaves nothing", async () => {
    await using t = await anEngine();
    await assert.rejects(
      t.engine.events.emit(project, { trigger: "core.nothing", payload: {} }),
      /Trigger with reference "core.nothing"/,
    );
    await t.engine.content.put(
      project,
      "trigger_type",
      {
        name: "tick",
        pack: "default",
        payload_schema: { type: "object", properties: { n: { type: "integer", required: true } } },
      },
      "create",
    );
    await assert.rejects(
      t.engine.events.emit(project, { trigger: "default.tick", payload: {} }),
      /'n' is a required property/,
    );
    assert.equal((await t.store.events(project, {}, { count: true })).total, 0);
  });

  test("can be emitted again, and says which it repeats", async () => {
    await using t = await anEngine();
    const rule = await t.engine.content.put(project, "rule", aRule(), "create");
    const { event } = await t.engine.events.emit(project, { trigger: rule.trigger.ref, payload: aPayload({ a: 1 }) });
    const again = await t.engine.events.reEmit(project, event.id);
    assert.deepEqual(again.payload, { ...event.payload, __context: { original_id: event.id } });
  });

  test("can read the datastore in patterns and parameters, secrets only decrypted on purpose", async () => {
    await using t = await anEngine();
    const { content, events, executions, keys } = t.engine;
    await keys.set(project, { name: "wanted", value: "yes", scope: "st2kv.system", user: "" });
    await keys.set(project, { name: "token", value: "s3cret-value", scope: "st2kv.system", user: "", secret: true });
    const rule = await content.put(
      project,
      "rule",
      aRule({
        criteria: { "trigger.body.is": { type: "eq", pattern: "{{ st2kv.system.wanted }}" } },
        action: {
          ref: "core.local",
          parameters: { cmd: "echo {{ st2kv.system.token | decrypt_kv }} {{ st2kv.system.none }}." },
        },
      }),
      "create",
    );
    const { executions: made } = await events.emit(project, {
      trigger: rule.trigger.ref,
      payload: aPayload({ is: "yes" }),
    });
    const done = await executions.settled(project, made[0]?.id ?? "");
    assert.equal(done.result?.stdout, "s3cret-value .");
  });
});

describe("rules chain", () => {
  test("on the end of an execution, in the commit of that end", async () => {
    await using t = await anEngine();
    const { content, events, executions } = t.engine;
    const ended = Promise.withResolvers<string>();
    const stop = t.parts.bus.subscribe(["execution"], ({ execution }) => {
      if (execution.rule === "default.after" && execution.status === "succeeded") ended.resolve(execution.id);
    });
    await content.put(
      project,
      "rule",
      aRule({
        name: "after",
        trigger: { type: "core.st2.generic.actiontrigger", parameters: {} },
        criteria: {
          "trigger.action_ref": { type: "eq", pattern: "core.local" },
          "trigger.status": { type: "eq", pattern: "failed" },
        },
        action: {
          ref: "core.echo",
          parameters: { message: "{{trigger.execution_id}} gave {{trigger.result.return_code}}" },
        },
      }),
      "create",
    );
    const first = await executions.request(t.admin, { action: "core.local", parameters: { cmd: "exit 7" } });
    const second = await executions.get(project, await ended.promise);
    stop();
    assert.equal(second?.result?.stdout, `${first.id} gave 7`);
    const { items } = await events.list(project, { trigger_type: "core.st2.generic.actiontrigger" }, {});
    assert.equal(items.filter((one) => one.payload.execution_id === first.id).length, 1);
  });

  test("on a key that changes, with the old and the new value", async () => {
    await using t = await anEngine();
    const { content, executions, keys } = t.engine;
    const ended = Promise.withResolvers<string>();
    t.parts.bus.subscribe(["execution"], ({ execution }) => {
      if (execution.rule === "default.changed" && execution.status === "succeeded") ended.resolve(execution.id);
    });
    await content.put(
      project,
      "rule",
      aRule({
        name: "changed",
        trigger: { type: "core.st2.key_value_pair.value_change", parameters: {} },
        action: {
          ref: "core.echo",
          parameters: { message: "{{trigger.old_object.value}}->{{trigger.new_object.value}}" },
        },
      }),
      "create",
    );
    const key = { name: "k", scope: "st2kv.system", user: "" } as const;
    await keys.set(project, { ...key, value: "a" });
    await keys.set(project, { ...key, value: "a" });
    await keys.set(project, { ...key, value: "b" });
    const done = await executions.get(project, await ended.promise);
    assert.equal(done?.result?.stdout, "a->b");
    assert.equal((await executions.list(project, { rule: "default.changed" }, { count: true })).total, 1);
  });
});

describe("a rule test", () => {
  test("says criterion by criterion what held, and writes nothing", async () => {
    await using t = await anEngine();
    const rule = await t.engine.content.put(
      project,
      "rule",
      aRule({
        criteria: {
          "trigger.body.status": { type: "eq", pattern: "firing" },
          "trigger.body.count": { type: "gt", pattern: 3 },
        },
        action: { ref: "core.local", parameters: { cmd: "echo {{trigger.body.status}}" } },
      }),
      "create",
    );
    const no = await t.engine.events.testRule(project, rule, aPayload({ status: "firing", count: 2 }));
    assert.equal(no.matched, false);
    assert.deepEqual(
      no.criteria.map((one) => [one.key, one.held]),
      [
        ["trigger.body.status", true],
        ["trigger.body.count", false],
      ],
    );
    const yes = await t.engine.events.testRule(project, rule, aPayload({ status: "firing", count: 4 }));
    assert.deepEqual(yes.parameters, { cmd: "echo firing" });
    assert.equal((await t.store.events(project, {}, { count: true })).total, 0);
  });
});
