import assert from "node:assert/strict";
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_PROJECT, type JsonObject } from "@squall/model";
import { startPostgres, type Store, type TestPostgres, whyNoPostgres } from "@squall/store";
import { ended, type Engines, type Member, severalEngines } from "./engines.ts";

const project = DEFAULT_PROJECT;

/** A pack of workflows, registered at the first member. */
async function workflows(folder: string, definitions: Record<string, string>): Promise<string> {
  const pack = join(folder, "flows");
  await mkdir(join(pack, "actions/workflows"), { recursive: true });
  await writeFile(
    join(pack, "pack.yaml"),
    "name: flows\nref: flows\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@b.c\n",
  );
  for (const [name, text] of Object.entries(definitions)) {
    await writeFile(
      join(pack, `actions/${name}.yaml`),
      `name: ${name}\nrunner_type: orquesta\nentry_point: workflows/${name}.yaml\nparameters: {n: {type: integer, default: 3}}\n`,
    );
    await writeFile(join(pack, `actions/workflows/${name}.yaml`), text);
  }
  return pack;
}

const FAN = `version: 1.0
input: [n]
tasks:
  all:
    with: i in <% range(ctx(n)).toList() %>
    action: core.noop
    next: [{do: last}]
  last:
    action: core.local cmd="echo done"
    next: [{publish: [{said: <% result().stdout %>}]}]
output: [{said: <% ctx(said) %>}]
`;
const OUTER = `version: 1.0
input: [n]
tasks:
  inner:
    action: flows.fan n=<% ctx(n) %>
    next: [{do: end, publish: [{said: <% result().output.said %>}]}]
  end: {action: core.noop}
output: [{said: <% ctx(said) %>}]
`;
const SLEEPER = `version: 1.0
input: [n]
tasks:
  sleep: {action: core.local cmd="sleep 300" timeout=400}
`;

describe("engines that share a database", { skip: whyNoPostgres() ?? false, timeout: 240_000 }, () => {
  let postgres: TestPostgres;
  let folder: string;
  before(async () => {
    postgres = await startPostgres(["fsync=off"]);
    folder = await mkdtemp(join(tmpdir(), "squall-cluster-"));
  });
  after(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const several = async (): Promise<Engines> => severalEngines(await postgres.newDatabase());
  const run = (engines: Engines, at: Member, action: string, parameters: JsonObject = {}) =>
    at.engine.executions.request(engines.admin, { action, parameters });

  test("what one process asks for runs in another that has slots", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api"] });
    await engines.add({ roles: ["engine"] });
    const worker = await engines.add({ roles: ["worker"] });
    const { id, status } = await run(engines, api, "core.local", { cmd: "echo hello" });
    assert.equal(status, "requested");
    const done = await ended(api, id);
    assert.equal(done.status, "succeeded");
    assert.equal(done.result?.stdout, "hello");
    assert.deepEqual(worker.complaints, []);
  });

  test("a workflow's tasks run in workers, its steps are taken by its engine", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api"] });
    await api.engine.content.register(project, [await workflows(folder, { fan: FAN, outer: OUTER })]);
    const engine = await engines.add({ roles: ["engine"] });
    const other = await engines.add({ roles: ["engine"] });
    const workers = [await engines.add({ roles: ["worker"] }), await engines.add({ roles: ["worker"] })];
    const all = await Promise.all(Array.from({ length: 10 }, () => run(engines, api, "flows.outer", { n: 20 })));
    for (const { id } of all) {
      const done = await ended(api, id);
      assert.equal(done.status, "succeeded", JSON.stringify(done.result));
      assert.deepEqual(done.result, { output: { said: "done" } });
    }
    assert.deepEqual(
      await api.store.told(
        Array.from({ length: 64 }, (_, shard) => shard),
        10,
      ),
      [],
    );
    for (const one of [api, engine, other, ...workers]) assert.deepEqual(one.complaints, []);
  });

  test("what is lost on the bus is found in the store", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api"], deaf: true });
    await engines.add({ roles: ["engine"], deaf: true });
    const worker = await engines.add({ roles: ["worker"], deaf: true });
    await api.engine.content.register(project, [await workflows(folder, { fan: FAN, outer: OUTER })]);
    const { id } = await run(engines, api, "flows.outer", { n: 3 });
    assert.equal((await ended(api, id)).status, "succeeded");
    const sleeper = await run(engines, api, "core.local", { cmd: "sleep 300", timeout: 400 });
    while ((await api.store.execution(project, sleeper.id))?.status !== "running");
    await api.engine.executions.cancel(engines.admin, sleeper.id);
    assert.equal((await ended(api, sleeper.id)).status, "canceled");
    assert.deepEqual(worker.complaints, []);
  });

  test("a cancel reaches the worker, also through a workflow", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api"] });
    await api.engine.content.register(project, [await workflows(folder, { sleeper: SLEEPER })]);
    await engines.add({ roles: ["engine"] });
    await engines.add({ roles: ["worker"] });
    const { id } = await run(engines, api, "flows.sleeper");
    const task = async () => (await api.store.executions(project, { parent: id }, {})).items[0];
    while ((await task())?.status !== "running");
    await api.engine.executions.cancel(engines.admin, id);
    assert.equal((await ended(api, id)).status, "canceled");
    assert.equal((await task())?.status, "canceled");
  });

  test("content that one process writes is the others' content", async () => {
    await using engines = await several();
    const api = await engines.add();
    const other = await engines.add();
    const rule = {
      name: "shared",
      pack: "default",
      enabled: true,
      trigger: { type: "core.st2.webhook", parameters: { url: "shared" } },
      criteria: {},
      action: { ref: "core.noop", parameters: {} },
    };
    await api.engine.content.put(project, "rule", rule, "create");
    while (other.engine.events.webhooks(project, "shared").length === 0) await new Promise(setImmediate);
    const [trigger] = other.engine.events.webhooks(project, "shared");
    assert.ok(trigger);
    const { executions } = await other.engine.events.emit(project, {
      trigger,
      payload: { headers: {}, headers_lower: {}, body: {} },
    });
    assert.equal(executions.length, 1);
    // Both change it at once: what one did is in what the other does.
    const known = other.engine.content.get(project, "rule", "default.shared") as unknown as JsonObject;
    await Promise.all([
      api.engine.content.put(project, "rule", { ...known, description: "one" }, "update"),
      other.engine.content.put(project, "rule", { ...known, enabled: false }, "update"),
    ]);
    await api.engine.content.delete(project, "rule", "default.shared");
    while (other.engine.events.webhooks(project, "shared").length > 0) await new Promise(setImmediate);
  });

  test("each planned time of a timer fires once, however many processes know it", async () => {
    await using engines = await several();
    const sources = [await engines.add(), await engines.add(), await engines.add()];
    await sources[0]?.engine.content.put(
      project,
      "rule",
      {
        name: "tick",
        pack: "default",
        enabled: true,
        trigger: { type: "core.st2.IntervalTimer", parameters: { unit: "seconds", delta: 1 } },
        criteria: {},
        action: { ref: "core.noop", parameters: {} },
      },
      "create",
    );
    const store = sources[0]?.store;
    assert.ok(store);
    const events = async () => (await store.events(project, { trigger_type: "core.st2.IntervalTimer" }, {})).items;
    while ((await events()).length < 3) await new Promise((resolve) => setTimeout(resolve, 50));
    // Two of three leave: the one that stays fires.
    const before = (await events()).length;
    for (const one of sources.slice(0, 2)) await one.stop();
    const last = sources[2]?.store;
    assert.ok(last);
    const later = async () => (await last.events(project, { trigger_type: "core.st2.IntervalTimer" }, {})).items;
    while ((await later()).length < before + 3) await new Promise((resolve) => setTimeout(resolve, 50));
    const times = (await later()).map((one) => one.occurrence_time);
    assert.equal(new Set(times).size, times.length, "no planned time twice");
  });

  test("what a member ran that was taken for dead is abandoned once, and the member finds out", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api", "engine"] });
    let silent = false;
    const worker = await engines.add({
      roles: ["worker"],
      around: (store) => ({
        beat: (member) => (silent ? Promise.reject(new Error("silent")) : store.beat(member)),
      }),
    });
    const { id } = await run(engines, api, "core.local", { cmd: "sleep 300", timeout: 400 });
    while ((await api.store.execution(project, id))?.status !== "running");
    silent = true;
    const done = await ended(api, id);
    assert.equal(done.status, "abandoned");
    assert.match(String(done.result?.error), /how far it came is not known/);
    while ((await worker.engine.health()).parts["engine"]?.["running"] !== 0) await new Promise(setImmediate);
    silent = false;
    while (!(await api.store.members()).some((one) => one.id === worker.id));
    assert.equal(
      (await ended(api, (await run(engines, api, "core.local", { cmd: "echo again" })).id)).status,
      "succeeded",
    );
  });

  test("what an idempotent action ran is run again by another worker, whether its own is lost or stops in order", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api", "engine"] });
    const flag = join(folder, "flag");
    const begun = join(folder, "twice-begun");
    const pack = join(folder, "again");
    await mkdir(join(pack, "actions"), { recursive: true });
    await writeFile(
      join(pack, "pack.yaml"),
      "name: again\nref: again\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@b.c\n",
    );
    await writeFile(
      join(pack, "actions/twice.yaml"),
      `name: twice\nrunner_type: local-shell-cmd\nidempotent: true\nparameters:\n  cmd: {immutable: true, default: "test -e ${flag} && exit 0; printf x >> ${begun}; sleep 300"}\n  timeout: {default: 400}\n`,
    );
    await api.engine.content.register(project, [pack]);
    let silent = false;
    const lost = await engines.add({
      roles: ["worker"],
      around: (store) => ({
        beat: (member) => (silent ? Promise.reject(new Error("silent")) : store.beat(member)),
      }),
    });
    const { id } = await run(engines, api, "again.twice");
    const leasedTo = async () => (await api.store.execution(project, id))?.lease?.worker;
    while ((await leasedTo()) !== lost.id || !existsSync(begun));
    const second = await engines.add({ roles: ["worker"] });
    silent = true;
    // The lease is there before the process is.
    while ((await leasedTo()) !== second.id || (await readFile(begun, "utf8")).length < 2);
    const third = await engines.add({ roles: ["worker"] });
    await writeFile(flag, "");
    await second.engine.drain(0);
    const done = await ended(api, id);
    assert.equal(done.status, "succeeded");
    assert.deepEqual(
      done.log.map(({ status }) => status).filter((status) => status !== "scheduled"),
      ["requested", "running", "requested", "running", "requested", "running", "succeeded"],
    );
    assert.deepEqual(third.complaints, []);
  });

  test("what a lost worker left behind is ended, but not the run of the same execution that took its place", async () => {
    await using engines = await several();
    const [begun, go] = [join(folder, "begun"), join(folder, "go")];
    const runs = async () => (await readFile(begun, "utf8").catch(() => "")).length;
    const looks = { after: -1 };
    /** Hears of what it asked for again only when that runs. */
    const api = await engines.add({
      roles: ["api", "engine"],
      around: (store) => ({
        async commit(changes) {
          const committed = await store.commit(changes);
          const isAgain = changes.some((one) => one.kind === "execution.move" && one.to === "requested");
          if (!isAgain) return committed;
          while ((await runs()) < 2);
          looks.after = 0;
          return committed;
        },
        lostExecutions(limit) {
          if (looks.after >= 0) looks.after++;
          return store.lostExecutions(limit);
        },
      }),
    });
    const pack = join(folder, "place");
    await mkdir(join(pack, "actions"), { recursive: true });
    await writeFile(
      join(pack, "pack.yaml"),
      "name: place\nref: place\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@b.c\n",
    );
    await writeFile(
      join(pack, "actions/wait.yaml"),
      `name: wait\nrunner_type: local-shell-cmd\nidempotent: true\nparameters:\n  cmd: {immutable: true, default: "printf x >> ${begun}; until test -e ${go}; do sleep 0.05; done"}\n`,
    );
    await api.engine.content.register(project, [pack]);
    let silent = false;
    await engines.add({
      roles: ["worker"],
      around: (store) => ({
        beat: (member) => (silent ? Promise.reject(new Error("silent")) : store.beat(member)),
      }),
    });
    const { id } = await run(engines, api, "place.wait");
    while ((await runs()) < 1);
    silent = true;
    const second = await engines.add({ roles: ["worker"] });
    while ((await api.store.execution(project, id))?.lease?.worker !== second.id || (await runs()) < 2);
    // The engine has done all it does about what was lost once it looks for more.
    while (looks.after < 1) await nextTurn();
    await writeFile(go, "");
    assert.equal((await ended(api, id)).status, "succeeded");
  });

  test("an engine that gets a workflow back knows what another one began meanwhile", async () => {
    await using engines = await several();
    let leader = "";
    const looks = new Map<Store, number>();
    /** Sees the leader as the only engine. */
    const around = (store: Store): Partial<Store> => ({
      async members() {
        const present = await store.members();
        looks.set(store, (looks.get(store) ?? 0) + 1);
        return present.filter(({ id, roles }) => !roles.includes("engine") || id === leader);
      },
    });
    const a = await engines.add({ roles: ["api", "engine"], around });
    const b = await engines.add({ roles: ["engine"], around });
    await engines.add({ roles: ["worker"] });
    const lead = async (member: Member) => {
      leader = member.id;
      const before = new Map(looks);
      // A look that was under way may have seen the other one.
      while ([a, b].some(({ store }) => (looks.get(store) ?? 0) < (before.get(store) ?? 0) + 2)) await nextTurn();
    };
    const file = (name: string) => join(folder, `handed-${name}`);
    const task = (name: string) =>
      `core.local cmd="touch ${file(`${name}-runs`)}; until test -e ${file(name)}; do sleep 0.05; done"`;
    const HANDED = `version: 1.0
input: [n]
tasks:
  one: {action: '${task("one")}', next: [{do: two}]}
  two: {action: '${task("two")}', next: [{do: three}]}
  three: {action: core.noop}
`;
    await a.engine.content.register(project, [await workflows(join(folder, "handed"), { handed: HANDED })]);
    const runs = async (name: string) => {
      while (!existsSync(file(`${name}-runs`))) await nextTurn();
    };
    await lead(a);
    const { id } = await run(engines, a, "flows.handed");
    await runs("one");
    await lead(b);
    await writeFile(file("one"), "");
    await runs("two");
    await lead(a);
    await writeFile(file("two"), "");
    assert.equal((await ended(a, id)).status, "succeeded");
  });

  test("each workflow under way is counted by one engine, also when it moves and when it ended elsewhere", async () => {
    await using engines = await several();
    const first = await engines.add();
    const pack = await workflows(folder, { sleeper: SLEEPER });
    await first.engine.content.register(project, [pack]);
    const counted = async ({ engine }: Member) => Number((await engine.health()).parts["engine"]?.["workflows"]);
    const asked = await Promise.all(Array.from({ length: 12 }, () => run(engines, first, "flows.sleeper")));
    while ((await counted(first)) < asked.length);
    const second = await engines.add({ roles: ["engine"] });
    for (;;) {
      const [here, there] = [await counted(first), await counted(second)];
      if (there > 0 && here + there === asked.length) break;
    }
    for (const { id } of asked) await first.engine.executions.cancel(engines.admin, id);
    for (const { id } of asked) assert.equal((await ended(first, id)).status, "canceled");
    while ((await counted(first)) + (await counted(second)) > 0);
  });

  test("a workflow that was asked for while no engine was there begins once", async () => {
    await using engines = await several();
    const api = await engines.add({ roles: ["api"] });
    await engines.add({ roles: ["worker"] });
    await api.engine.content.register(project, [await workflows(join(folder, "early"), { fan: FAN })]);
    const asked = await Promise.all(Array.from({ length: 20 }, () => run(engines, api, "flows.fan", { n: 1 })));
    // It is told of them twice, and finds them as well.
    const shards = Array.from({ length: 64 }, (_, shard) => shard);
    for (const told of await api.store.told(shards, 100)) {
      assert.ok((await api.store.commit([{ kind: "workflow.tell", ...told, id: `again-${told.id}` }])).ok);
    }
    const engine = await engines.add({ roles: ["engine"] });
    for (const { id } of asked) {
      assert.equal((await ended(engine, id)).status, "succeeded");
      assert.deepEqual((await engine.store.childIds(project, [id])).get(id)?.length, 2);
    }
  });
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
