import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Conflict, DEFAULT_PROJECT, Invalid, NotFound } from "@squall/model";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { anEngine, aRule } from "../an-engine.ts";

const project = DEFAULT_PROJECT;

describe("a rule", () => {
  test("with the same trigger parameters shares a trigger, which goes with the last of them", async () => {
    await using t = await anEngine();
    const { content } = t.engine;
    const one = await content.put(project, "rule", aRule({ name: "one" }), "create");
    const two = await content.put(project, "rule", aRule({ name: "two" }), "create");
    assert.equal(one.trigger.ref, two.trigger.ref);
    assert.equal(t.engine.events.webhooks(project, "/sample/").length, 1);
    await content.delete(project, "rule", one.ref);
    assert.equal(t.engine.events.webhooks(project, "sample").length, 1);
    await content.delete(project, "rule", two.id);
    assert.equal(t.engine.events.webhooks(project, "sample").length, 0);
    assert.equal(content.get(project, "trigger", one.trigger.ref), undefined);
  });

  test("that moves to another trigger leaves the old one to nobody", async () => {
    await using t = await anEngine();
    const { content, events } = t.engine;
    const rule = await content.put(project, "rule", aRule(), "create");
    await content.put(
      project,
      "rule",
      aRule({ id: rule.id, trigger: { type: "core.st2.webhook", parameters: { url: "other" } } }),
      "update",
    );
    assert.equal(events.webhooks(project, "sample").length, 0);
    assert.equal(events.webhooks(project, "other").length, 1);
  });

  test("is refused with everything that is wrong with it", async () => {
    await using t = await anEngine();
    const put = (change: Record<string, unknown>) => t.engine.content.put(project, "rule", aRule(change), "create");
    await assert.rejects(
      put({ criteria: { "trigger.body.a": { type: "eqals", pattern: 1 } } }),
      (error: Invalid) => error instanceof Invalid && /operator eqals not in list/.test(error.message),
    );
    await assert.rejects(
      put({ trigger: { type: "core.nope" } }),
      /Trigger "core\.nope" defined in the rule does not exist/,
    );
    await assert.rejects(
      put({ trigger: { type: "core.st2.webhook", parameters: {} } }),
      /'url' is a required property/,
    );
    await assert.rejects(
      put({ trigger: { type: "core.st2.CronTimer", parameters: { minute: "61" } } }),
      /parameters of trigger "core\.st2\.CronTimer" are wrong/,
    );
    assert.deepEqual(t.engine.content.list(project, "rule"), []);
  });

  test("with a name that is taken is a conflict that names the other", async () => {
    await using t = await anEngine();
    const rule = await t.engine.content.put(project, "rule", aRule(), "create");
    await assert.rejects(t.engine.content.put(project, "rule", aRule(), "create"), (error: Conflict) => {
      assert.match(error.message, /Tried to save duplicate unique keys/);
      assert.equal(error.fields["conflict-id"], rule.id);
      return error instanceof Conflict;
    });
    await assert.rejects(t.engine.content.put(project, "rule", aRule({ name: "none" }), "update"), NotFound);
  });

  test("that is disabled does not fire", async () => {
    await using t = await anEngine();
    const rule = await t.engine.content.put(project, "rule", aRule(), "create");
    await t.engine.content.put(project, "rule", aRule({ enabled: false }), "update");
    const { executions } = await t.engine.events.emit(project, {
      trigger: rule.trigger.ref,
      payload: { headers: {}, body: {} },
    });
    assert.deepEqual(executions, []);
  });
});

describe("content", () => {
  test("of the core pack cannot be changed over the API", async () => {
    await using t = await anEngine();
    await assert.rejects(
      t.engine.content.delete(project, "action", "core.local"),
      /Resources belonging to system level packs can't be manipulated/,
    );
  });

  test("is there again after a restart, rules matching and webhooks known", async () => {
    const first = await anEngine();
    const rule = await first.engine.content.put(project, "rule", aRule(), "create");
    await using second = await first.reopen();
    assert.deepEqual(second.engine.content.get(project, "rule", rule.ref), rule);
    const [trigger] = second.engine.events.webhooks(project, "sample");
    const { executions } = await second.engine.events.emit(project, {
      trigger: trigger ?? "",
      payload: { headers: {}, body: {} },
    });
    assert.equal(executions.length, 1);
  });
});

describe("registering a pack", () => {
  test("leaves out what is broken, says where, and takes the rest; again it changes nothing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "squall-pack-"));
    try {
      const pack = join(folder, "sample");
      await mkdir(join(pack, "actions"), { recursive: true });
      await mkdir(join(pack, "rules"));
      await writeFile(
        join(pack, "pack.yaml"),
        "name: sample\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.com\n",
      );
      await writeFile(join(pack, "actions", "good.yaml"), "name: good\nrunner_type: noop\n");
      await writeFile(join(pack, "actions", "bad.yaml"), "name: bad\nrunner_type: noop\nenabeld: true\n");
      await writeFile(
        join(pack, "rules", "bad.yaml"),
        "name: bad\ntrigger:\n  type: core.nope\naction:\n  ref: sample.good\n",
      );
      await using t = await anEngine();
      const { content } = t.engine;
      const { counts, problems } = await content.register(project, [pack]);
      assert.deepEqual([counts.actions, counts.rules, counts.policies], [1, 0, 0]);
      assert.deepEqual((await content.register(project, [pack], ["action"])).counts, { actions: 1 });
      assert.deepEqual(
        problems.map((one) => [one.at.file?.slice(pack.length + 1), one.at.line]),
        [
          ["actions/bad.yaml", 3],
          ["rules/bad.yaml", 1],
        ],
      );
      const good = content.get(project, "action", "sample.good");
      assert.equal(good?.runner_type, "noop");
      await content.register(project, [pack]);
      assert.equal(content.get(project, "action", "sample.good"), good, "registering the same again wrote it anew");
      await content.unregister(project, "sample");
      assert.equal(content.get(project, "action", "sample.good"), undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
