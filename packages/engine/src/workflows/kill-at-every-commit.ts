import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_PROJECT, type Execution, isCompleted, type JsonObject } from "@squall/model";
import { anEngine, type TestEngine } from "../an-engine.ts";
import { type Flows, runKilled, taskNames, writeFlows } from "./some-workflows.ts";

/** For tests: how a workflow came to its end. */
interface End {
  readonly status: string;
  readonly result: JsonObject | undefined;
  /** By task: how many of its executions succeeded, sub-workflows' too. */
  readonly counts: Record<string, number>;
  /** The statuses of the others. */
  readonly others: readonly string[];
}

/** Answers every question, now and later, but those of the route `never`. */
export async function answerQuestions(t: TestEngine): Promise<void> {
  const { list, respond } = t.engine.inquiries;
  const answer = ({ id, status, result }: Pick<Execution, "id" | "status" | "result">) => {
    if (status !== "pending" || result?.route === "never") return;
    // One that was answered by the other look, or whose workflow is over.
    respond(t.admin, id, { continue: true }).catch(() => undefined);
  };
  t.parts.bus.subscribe(["execution"], ({ execution }) => answer(execution));
  for (const { id, route } of (await list(DEFAULT_PROJECT, {}, {})).items) {
    answer({ id, status: "pending", result: { route } });
  }
}

/** Starts the engine on what the child left, waits for the workflow's end, and says how it came there. */
async function endOf(directory: string, key: string, action: string): Promise<End> {
  const t = await anEngine({ directory, key: Buffer.from(key, "hex") });
  try {
    await answerQuestions(t);
    const { items } = await t.store.executions(DEFAULT_PROJECT, { action }, {});
    assert.equal(items.length, 1);
    const id = items[0]?.id ?? "";
    const done = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(20_000));
    for (const one of await t.engine.executions.children(DEFAULT_PROJECT, id, -1)) {
      // In a cluster what the killed process conducted is another's once it has been silent for long enough.
      const ended = await t.engine.executions.settled(DEFAULT_PROJECT, one.id, AbortSignal.timeout(20_000));
      assert.ok(isCompleted(ended.status), `${taskNames([one])[0]} is ${ended.status} though its workflow has ended`);
    }
    const all = await t.engine.executions.children(DEFAULT_PROJECT, id, -1);
    const counts: Record<string, number> = {};
    for (const name of taskNames(all.filter((one) => one.status === "succeeded")))
      counts[name] = (counts[name] ?? 0) + 1;
    const others = new Set(all.filter((one) => one.status !== "succeeded").map((one) => one.status));
    return { status: done.status, result: done.result, counts, others: [...others] };
  } finally {
    await t.engine[Symbol.asyncDispose]();
    await t.parts.bus[Symbol.asyncDispose]();
    await t.store[Symbol.asyncDispose]();
  }
}

/**
 * Runs a workflow of a pack `flows` in a process of its own that dies after each of its commits in turn, and compares how
 * it ends then with how it ends undisturbed. `look` sees each end, and may even out what may differ.
 */
export async function killAtEveryCommit(
  flows: Flows,
  name: string,
  look: (end: End, killed: boolean) => void,
): Promise<{ readonly commits: number; readonly calm: End }> {
  const root = await mkdtemp(join(tmpdir(), "squall-kill-"));
  const folder = join(root, "flows");
  const key = randomBytes(32).toString("hex");
  const action = `flows.${name}`;
  await writeFlows(folder, flows);
  try {
    const calm = await runKilled(join(root, "calm"), folder, key, -1, name);
    const commits = Number(calm.out);
    const expected = await endOf(join(root, "calm"), key, action);
    look(expected, false);
    let next = 1;
    const worker = async () => {
      for (let at = next++; at <= commits; at = next++) {
        const directory = join(root, `at-${at}`);
        const { signal, out } = await runKilled(directory, folder, key, at, name);
        // How ends come together differs from run to run, so the last numbers may not be reached.
        assert.ok(signal === "SIGKILL" || Number(out) < at, `commit ${at}: ended by ${signal} after ${out}`);
        const end = await endOf(directory, key, action);
        look(end, true);
        const { status, result, counts } = end;
        assert.deepEqual(
          { status, result, counts },
          { status: expected.status, result: expected.result, counts: expected.counts },
          `killed after commit ${at}`,
        );
        await rm(directory, { recursive: true, force: true });
      }
    };
    await Promise.all([worker(), worker()]);
    return { commits, calm: expected };
  } finally {
    await rm(root, { recursive: true });
  }
}
