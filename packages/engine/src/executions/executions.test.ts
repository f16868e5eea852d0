import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { Conflict, DEFAULT_PROJECT, type Execution, Invalid, type Lane } from "@squall/model";
import { about, type Claim } from "@squall/store";
import { anEngine, type TestEngine } from "../an-engine.ts";

const run = async ({ engine, admin }: TestEngine, action: string, parameters = {}): Promise<Execution> => {
  const { id } = await engine.executions.request(admin, { action, parameters });
  return engine.executions.settled(DEFAULT_PROJECT, id);
};

/** What a worker asks that dies with what it got; `later` microseconds from now, when delayed ones are due. */
const aClaim = ({ parts }: TestEngine, lane: Lane, later: number): Claim => {
  const now = parts.now() + later;
  return { lane, limit: 1, worker: "test.dead", labels: {}, now };
};

const statuses = (execution: Execution) => execution.log.map((one) => one.status);

/** Not counting one that ended and only waits for its parent to look. */
function isAlive(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("an execution", () => {
  test("runs at once when a slot is free, and its log tells its life", async () => {
    await using t = await anEngine();
    const done = await run(t, "core.local", { cmd: "echo hello; echo oops >&2" });
    assert.equal(done.status, "succeeded");
    assert.deepEqual(statuses(done), ["requested", "scheduled", "running", "succeeded"]);
    assert.equal(done.result?.stdout, "hello");
    assert.equal(done.result?.stderr, "oops");
    assert.equal(done.result?.return_code, 0);
    assert.ok((done.end ?? 0) >= done.start);
    const stored = await t.store.execution(DEFAULT_PROJECT, done.id);
    assert.equal(stored?.status, "succeeded");
    assert.equal(stored?.lease, undefined);
  });

  test("keeps what it printed, in order and by kind", async () => {
    await using t = await anEngine();
    const done = await run(t, "core.local", { cmd: "echo one; echo two >&2; echo three" });
    const stdout = await t.engine.executions.output(DEFAULT_PROJECT, done.id, "stdout");
    assert.equal(stdout.map((one) => one.data).join(""), "one\nthree\n");
    const all = await t.engine.executions.output(DEFAULT_PROJECT, done.id);
    assert.deepEqual(
      all.map((one) => one.seq),
      all.map((_, index) => index + 1),
    );
  });

  test("shows what it printed while it runs", async () => {
    await using t = await anEngine();
    const seen = Promise.withResolvers<void>();
    const stop = t.parts.bus.subscribe(["output"], ({ chunk }) => {
      if (chunk.data.includes("started")) seen.resolve();
    });
    const { id } = await t.engine.executions.request(t.admin, {
      action: "core.local",
      parameters: { cmd: "echo started; exec sleep 60" },
    });
    await seen.promise;
    stop();
    const sofar = await t.engine.executions.output(DEFAULT_PROJECT, id);
    assert.equal(sofar.map((one) => one.data).join(""), "started\n");
    await t.engine.executions.cancel(t.admin, id);
    assert.equal((await t.engine.executions.settled(DEFAULT_PROJECT, id)).status, "canceled");
  });

  test("keeps what it printed while the store took no writes", { skip: about("SQLite") }, async (context) => {
    const directory = await mkdtemp(join(tmpdir(), "squall-locked-"));
    context.after(() => rm(directory, { recursive: true, force: true }));
    await using t = await anEngine({ directory });
    const printed = Promise.withResolvers<void>();
    const stop = t.parts.bus.subscribe(["output"], () => printed.resolve());
    const go = join(directory, "go");
    const { id } = await t.engine.executions.request(t.admin, {
      action: "core.local",
      parameters: { cmd: `echo one; until [ -e ${go} ]; do sleep 0.02; done; echo two` },
    });
    await printed.promise;
    stop();
    using other = new DatabaseSync(join(directory, "squall.db"));
    other.exec("begin immediate");
    const stored = await t.engine.executions.output(DEFAULT_PROJECT, id);
    assert.deepEqual(stored, [], "the lock came too late to be seen");
    other.exec("rollback");
    await writeFile(go, "");
    await t.engine.executions.settled(DEFAULT_PROJECT, id);
    const all = await t.engine.executions.output(DEFAULT_PROJECT, id);
    assert.equal(all.map((one) => one.data).join(""), "one\ntwo\n");
  });

  test("that fails says how", async () => {
    await using t = await anEngine();
    const done = await run(t, "core.local", { cmd: "exit 3" });
    assert.equal(done.status, "failed");
    assert.equal(done.result?.return_code, 3);
    assert.equal(done.result?.failed, true);
  });

  test("that takes too long is stopped", async () => {
    await using t = await anEngine();
    const done = await run(t, "core.local", { cmd: "sleep 60", timeout: 1 });
    assert.equal(done.status, "timeout");
    assert.match(String(done.result?.error), /1 seconds/);
  });

  test("of an unknown or disabled action is refused with what to do", async () => {
    await using t = await anEngine();
    await assert.rejects(run(t, "core.nothing"), /Action "core.nothing" cannot be found/);
    await t.engine.content.put(
      DEFAULT_PROJECT,
      "action",
      { name: "off", pack: "default", runner_type: "noop", enabled: false },
      "create",
    );
    await assert.rejects(run(t, "default.off"), /Unable to execute\. Action "default\.off" is disabled\./);
  });

  test("with wrong parameters is refused before anything is written", async () => {
    await using t = await anEngine();
    await assert.rejects(run(t, "core.local", { cmdd: "x" }), (error: Invalid) => {
      assert.match(error.message, /Additional properties are not allowed \('cmdd' was unexpected\)/);
      return error instanceof Invalid;
    });
    await assert.rejects(run(t, "core.local", { cmd: "x", timeout: "soon" }), /is not of type 'integer'/);
    assert.equal((await t.store.executions(DEFAULT_PROJECT, {}, { count: true })).total, 0);
  });
});

describe("canceling", () => {
  test("ends the whole process tree, once", async () => {
    await using t = await anEngine();
    const pids = Promise.withResolvers<string>();
    const stop = t.parts.bus.subscribe(["output"], ({ chunk }) => pids.resolve(chunk.data));
    const { id } = await t.engine.executions.request(t.admin, {
      action: "core.local",
      parameters: { cmd: "sleep 100 & echo $! $$; wait" },
    });
    const [child = "", shell = ""] = (await pids.promise).trim().split(" ");
    stop();
    const canceling = await t.engine.executions.cancel(t.admin, id);
    assert.equal(canceling.status, "canceling");
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, id);
    assert.equal(done.status, "canceled");
    assert.deepEqual(statuses(done), ["requested", "scheduled", "running", "canceling", "canceled"]);
    assert.equal(done.context.cancelled_by, "admin");
    for (const pid of [child, shell]) assert.equal(isAlive(pid), false, `process ${pid} is still there`);
    await assert.rejects(t.engine.executions.cancel(t.admin, id), (error: Conflict) => {
      assert.equal(error.message, "Action cannot be canceled. State = canceled.");
      return error instanceof Conflict;
    });
  });

  test("a delayed one takes effect at once", async () => {
    await using t = await anEngine();
    const { id } = await t.engine.executions.request(t.admin, { action: "core.noop", delay: 60_000 });
    const done = await t.engine.executions.cancel(t.admin, id);
    assert.equal(done.status, "canceled");
    assert.deepEqual(done.result, { message: "Action canceled by user.", user: "admin" });
  });
});

describe("slots", () => {
  test("bound how many run; the rest waits and runs oldest first", async () => {
    await using t = await anEngine({ limits: { processSlots: 1 } });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const { id } = await t.engine.executions.request(t.admin, { action: "core.local", parameters: { cmd: "true" } });
      ids.push(id);
    }
    const all = await Promise.all(ids.map((id) => t.engine.executions.settled(DEFAULT_PROJECT, id)));
    const started = all.map((one) => one.log.find((entry) => entry.status === "running")?.timestamp ?? 0);
    assert.deepEqual(
      [...started].sort((a, b) => a - b),
      started,
    );
    for (let n = 1; n < all.length; n++) {
      assert.ok((all[n - 1]?.end ?? 0) <= (started[n] ?? 0), "two ran at once");
    }
    for (const one of all) assert.equal(one.status, "succeeded");
  });

  test("a delayed execution runs though its lane was full when an earlier one was due", async () => {
    await using t = await anEngine({ limits: { processSlots: 1 } });
    const cmd = (text: string, delay?: number) =>
      t.engine.executions.request(t.admin, {
        action: "core.local",
        parameters: { cmd: text },
        ...(delay && { delay }),
      });
    await cmd("sleep 0.2");
    await cmd("true");
    await cmd("true", 20);
    const { id } = await cmd("true", 600);
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(10_000));
    assert.equal(done.status, "succeeded");
  });

  test("a delayed execution runs though an earlier one was overdue when the engine started", async () => {
    await using t = await anEngine({ start: false });
    const { due } = await t.engine.executions.request(t.admin, { action: "core.noop", delay: 1 });
    const { id } = await t.engine.executions.request(t.admin, { action: "core.noop", delay: 300 });
    while (t.parts.now() <= due) await new Promise((resolve) => setImmediate(resolve));
    await t.engine.start();
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(10_000));
    assert.equal(done.status, "succeeded");
  });

  test("a delayed execution waits for its time and then runs", async () => {
    await using t = await anEngine();
    const delayed = await t.engine.executions.request(t.admin, { action: "core.noop", delay: 150 });
    assert.equal(delayed.status, "delayed");
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, delayed.id);
    assert.equal(done.status, "succeeded");
    const started = done.log.find((entry) => entry.status === "running")?.timestamp ?? 0;
    assert.ok(started - done.created >= 150_000, `ran after ${started - done.created} microseconds`);
  });

  test("a delayed execution runs although the timer rang a little before its time", async () => {
    let due = Number.POSITIVE_INFINITY;
    // Of the looks at the clock around that time the first two, one for each lane, are too early.
    let early = 2;
    const now = () => {
      const real = Date.now() * 1000;
      return real >= due - 5_000 && early-- > 0 ? due - 1 : Math.max(real, due < real + 10_000 ? due : 0);
    };
    await using t = await anEngine({ now });
    const delayed = await t.engine.executions.request(t.admin, { action: "core.noop", delay: 100 });
    due = delayed.due;
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, delayed.id, AbortSignal.timeout(5_000));
    assert.deepEqual([done.status, early < 0], ["succeeded", true]);
  });

  test("what waited when the process stopped runs in the next one", async () => {
    const first = await anEngine({ limits: { processSlots: 0 } });
    const { id } = await first.engine.executions.request(first.admin, {
      action: "core.local",
      parameters: { cmd: "true" },
    });
    assert.equal((await first.store.execution(DEFAULT_PROJECT, id))?.status, "requested");
    await using second = await first.reopen();
    // The limits of the first are kept by reopen, so nothing runs; a claim shows that it is still there to be taken.
    const claimed = await second.store.claim(aClaim(second, "process", 0));
    assert.deepEqual(
      claimed.map((one) => one.id),
      [id],
    );
  });
});

describe("re-run", () => {
  test("repeats with the same parameters, overridden ones first, secrets included", async () => {
    await using t = await anEngine();
    await t.engine.content.put(
      DEFAULT_PROJECT,
      "action",
      {
        name: "show",
        pack: "default",
        runner_type: "local-shell-cmd",
        parameters: {
          password: { type: "string", secret: true },
          word: { type: "string" },
          cmd: { default: "printf '%s' '{{word}}:{{password}}'", immutable: true },
        },
      },
      "create",
    );
    const first = await run(t, "default.show", { word: "a", password: "hunter22" });
    assert.equal(first.result?.stdout, "a:hunter22");
    assert.ok(!JSON.stringify(first.parameters).includes("hunter22"), "the secret lies open in the store");
    const [view] = await t.engine.executions.views([first]);
    assert.equal((view?.parameters as { password: string }).password, "********");
    const again = await t.engine.executions.rerun(t.admin, first.id, { parameters: { word: "b" } });
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, again.id);
    assert.equal(done.result?.stdout, "b:hunter22");
    assert.deepEqual(done.context["re-run"], { ref: first.id });
  });
});

describe("a lost lease", () => {
  test("makes what ran in a dead process abandoned, once, with the reason", async () => {
    const first = await anEngine({ start: false });
    const { engine, store, admin } = first;
    const { id } = await engine.executions.request(admin, { action: "core.noop", delay: 1 });
    // As a process leaves it that is killed between the claim and the end.
    const [claimed] = await store.claim(aClaim(first, "inline", 1e7));
    assert.equal(claimed?.id, id);
    await using second = await first.reopen();
    const done = await second.engine.executions.settled(DEFAULT_PROJECT, id);
    assert.equal(done.status, "abandoned");
    assert.match(String(done.result?.error), /the server stopped while this ran/);
    assert.equal(statuses(done).filter((one) => one === "abandoned").length, 1);
  });

  test("is settled only after what it had started is ended", {
    skip: process.platform !== "linux" && "needs /proc",
  }, async () => {
    const first = await anEngine({ start: false });
    const { id } = await first.engine.executions.request(first.admin, {
      action: "core.local",
      parameters: { cmd: "true" },
      delay: 1,
    });
    await first.store.claim(aClaim(first, "process", 1e7));
    const left = spawn("sleep", ["60"], {
      env: { PATH: process.env.PATH ?? "", SQUALL_EXECUTION: id },
      stdio: "ignore",
    });
    const ended = once(left, "exit");
    await using second = await first.reopen();
    assert.equal((await second.engine.executions.settled(DEFAULT_PROJECT, id)).status, "abandoned");
    assert.equal((await ended)[1], "SIGTERM");
  });
});
