import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createIds, type Enforcement, type Event, type Execution, microsNow } from "@squall/model";
import { type Change, type Claim, openSqliteStore, type Store } from "@squall/store";

/**
 * What the embedded store costs: pairs of commits per second, a pair being what a webhook causes (list 1: event,
 * enforcement and execution; list 2: the execution succeeds), for some numbers of callers that each wait for one commit
 * before the next. Beside it the same statements by hand in transactions of as many pairs: what SQLite itself allows.
 *
 * Not measured: rules, rendering, HTTP, the bus, other processes that want the disk.
 * Options: `--pairs N` per row (default 20,000), `--history N` (default 100,000).
 */
const ids = createIds();
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const PAIRS = option("pairs", 20_000);
const HISTORY = option("history", 100_000);
const CALLERS = [1, 50, 512];

interface Pair {
  readonly create: readonly [
    Extract<Change, { kind: "event.insert" }>,
    Extract<Change, { kind: "enforcement.insert" }>,
    Extract<Change, { kind: "execution.insert" }>,
  ];
  readonly finish: Extract<Change, { kind: "execution.move" }>;
}

function aPair(): Pair {
  const at = microsNow();
  const project = "default";
  const event: Event = {
    id: ids(),
    project,
    trigger: "core.5f1e3b2a-9c7d-4b7e-8a51-0c2d9e6f7a81",
    trigger_type: "core.st2.webhook",
    payload: {
      headers: { "Content-Type": "application/json", "User-Agent": "bench", Host: "localhost:9101" },
      body: { host: "compute-17", level: "critical", value: 97.5, tags: ["disk", "ceph"], n: at },
    },
    occurrence_time: at,
    status: "processed",
  };
  const id = ids();
  const enforcement: Enforcement = {
    id: ids(),
    project,
    rule: { id: "65f0c0ffee65f0c0ffee65f0", ref: "examples.on_webhook", uid: "rule:examples:on_webhook" },
    trigger_instance: event.id,
    execution: id,
    enforced_at: at,
    status: "succeeded",
  };
  const execution: Execution = {
    id,
    project,
    liveaction: ids(),
    status: "running",
    action: "core.noop",
    runner: "noop",
    lane: "inline",
    snapshot: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
    parameters: { message: "compute-17 is critical", value: 97.5 },
    context: {
      user: "stanley",
      pack: "core",
      rule: { id: enforcement.rule.id, name: "on_webhook" },
      trigger_instance: { id: event.id, name: null },
      trace_context: { id_: ids(), trace_tag: "webhook-compute-17" },
    },
    user: "stanley",
    rule: enforcement.rule.ref,
    trigger: event.trigger,
    trigger_type: event.trigger_type,
    trigger_instance: event.id,
    created: at,
    due: at,
    start: at,
    log: [
      { status: "requested", timestamp: at },
      { status: "scheduled", timestamp: at },
      { status: "running", timestamp: at },
    ],
    lease: { worker: "bench-1" },
  };
  return {
    create: [
      { kind: "event.insert", event },
      { kind: "enforcement.insert", enforcement },
      { kind: "execution.insert", execution },
    ],
    finish: {
      kind: "execution.move",
      project,
      id,
      from: ["running"],
      to: "succeeded",
      at: at + 1000,
      worker: "bench-1",
      end: at + 1000,
      result: { result: "compute-17 is critical", exit_code: 0 },
    },
  };
}

async function throughStore(store: Store, callers: number, pairs: number): Promise<number> {
  let left = pairs;
  const began = performance.now();
  const call = async (): Promise<void> => {
    while (left-- > 0) {
      const pair = aPair();
      for (const list of [pair.create, [pair.finish]]) {
        const committed = await store.commit(list);
        if (!committed.ok) throw new Error(committed.message);
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return (pairs / (performance.now() - began)) * 1000;
}

/** The same rows in the same tables, without guards, refusals, queue or promises. */
function byHand(file: string, callers: number, pairs: number): number {
  const db = new DatabaseSync(file);
  db.exec("pragma synchronous = full; pragma wal_autocheckpoint = 2000; pragma cache_size = -16384");
  const begin = db.prepare("begin immediate");
  const commit = db.prepare("commit");
  const event = db.prepare("insert into event values (?, ?, ?, ?, ?, ?, ?, ?)");
  const enforcement = db.prepare("insert into enforcement values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const execution = db.prepare(`insert into execution values (${"?, ".repeat(25)}?)`);
  const move = db.prepare(
    `update execution set status = ?, log = json_insert(log, '$[#]', json(?)), worker = null,
      ended = ?, result = ? where project = ? and id = ?`,
  );
  const began = performance.now();
  for (let done = 0; done < pairs; done += callers) {
    const group = Array.from({ length: Math.min(callers, pairs - done) }, aPair);
    begin.run();
    for (const { create } of group) {
      const [{ event: e }, { enforcement: f }, { execution: x }] = create;
      event.run(
        e.project,
        e.id,
        e.trigger,
        e.trigger_type,
        e.status,
        e.occurrence_time,
        null,
        JSON.stringify(e.payload),
      );
      enforcement.run(
        f.project,
        f.id,
        f.rule.id,
        f.rule.ref,
        f.rule.uid,
        f.trigger_instance,
        f.execution ?? null,
        f.enforced_at,
        f.status,
        null,
      );
      execution.run(
        x.project, x.id, x.status, x.action, x.runner, x.lane, x.start, x.due, x.created, null, null, x.rule ?? null,
        x.trigger ?? null, x.trigger_type ?? null, x.trigger_instance ?? null, x.user, x.liveaction, x.snapshot,
        x.lease?.worker ?? null, null, JSON.stringify(x.log), null, null,
        JSON.stringify(x.context), JSON.stringify(x.parameters), null,
      ); // biome-ignore format: one line per column would hide the shape
    }
    commit.run();
    begin.run();
    for (const { finish } of group) {
      const log = JSON.stringify({ status: finish.to, timestamp: finish.at });
      move.run(finish.to, log, finish.end ?? null, JSON.stringify(finish.result), finish.project, finish.id);
    }
    commit.run();
  }
  const rate = (pairs / (performance.now() - began)) * 1000;
  db.close();
  return rate;
}

async function median(run: () => Promise<unknown>, times = 9): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) {
    const began = performance.now();
    await run();
    taken.push(performance.now() - began);
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

const row = (...cells: (string | number)[]): void =>
  console.log(cells.map((cell, at) => (at === 0 ? String(cell).padEnd(44) : String(cell).padStart(14))).join(""));
const fixed = (value: number, digits = 0): string => value.toFixed(digits);

const directory = mkdtempSync(join(tmpdir(), "squall-bench-"));
try {
  row("callers", "pairs/s", "commits/s", "by hand", "ratio");
  for (const callers of CALLERS) {
    const pairs = callers === 1 ? Math.ceil(PAIRS / 5) : PAIRS;
    const store = await openSqliteStore({ directory: join(directory, `store-${callers}`) });
    const rate = await throughStore(store, callers, pairs);
    await store[Symbol.asyncDispose]();
    const bare = join(directory, `hand-${callers}`);
    await (await openSqliteStore({ directory: bare }))[Symbol.asyncDispose](); // makes the tables
    const hand = byHand(join(bare, "squall.db"), callers, pairs);
    row(callers, fixed(rate), fixed(rate * 2), fixed(hand), fixed(rate / hand, 2));
  }

  const store = await openSqliteStore({ directory: join(directory, "history") });
  const before = await throughStore(store, 50, HISTORY);
  console.log();
  row(`history of ${HISTORY}`, "ms");
  const page = { limit: 50 };
  row("newest 50", fixed(await median(() => store.executions("default", {}, page)), 2));
  row("newest 50 without parent", fixed(await median(() => store.executions("default", { parent: null }, page)), 2));
  row(
    "newest 50 of an action",
    fixed(await median(() => store.executions("default", { action: "core.noop" }, page)), 2),
  );
  row(
    "newest 50 succeeded",
    fixed(await median(() => store.executions("default", { status: ["succeeded"] }, page)), 2),
  );
  row(
    "newest 50 failed (none)",
    fixed(await median(() => store.executions("default", { status: ["failed"] }, page)), 2),
  );
  row(
    "50 from the middle",
    fixed(await median(() => store.executions("default", {}, { limit: 50, offset: HISTORY / 2 })), 2),
  );
  const counted = { limit: 50, count: true };
  row("newest 50 and total", fixed(await median(() => store.executions("default", {}, counted)), 2));
  row(
    "newest 50 without parent and total",
    fixed(await median(() => store.executions("default", { parent: null }, counted)), 2),
  );
  row(
    "newest 50 succeeded and total",
    fixed(await median(() => store.executions("default", { status: ["succeeded"] }, counted)), 2),
  );
  row(
    "newest 50 of a user (no index) and total",
    fixed(await median(() => store.executions("default", { user: "stanley" }, counted)), 2),
  );
  row("one by id", fixed(await median(() => store.execution("default", "65f0c0ffee65f0c0ffee65f0"), 99), 3));
  const nothing = (): Claim => {
    const now = microsNow();
    return { lane: "inline", limit: 10, worker: "w", labels: {}, now };
  };
  row("claim with nothing to claim", fixed(await median(() => store.claim(nothing()), 99), 3));
  row("values of action", fixed(await median(() => store.executionValues("default", "action")), 2));
  row("values of status", fixed(await median(() => store.executionValues("default", "status")), 2));
  console.log();
  row("pairs/s while the history was made", fixed(before));
  row("pairs/s with it, 50 callers", fixed(await throughStore(store, 50, PAIRS)));
  row("RSS, MB", fixed(process.memoryUsage.rss() / 1e6));
  row("database, bytes per pair", fixed(Number((await store.describe())["bytes"]) / (HISTORY + PAIRS)));
  await store[Symbol.asyncDispose]();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
