import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLedger, type Ledger } from "../ledger.ts";
import type { Life } from "../members.ts";
import { audit, type Witnesses } from "./audit.ts";
import type { EventRow } from "../../events.ts";
import type { Books, ExecutionRow } from "./books.ts";

/** What a test may spoil: the rows themselves, so that each planted error is one line. */
interface Found {
  readonly books: { -readonly [K in keyof Books]: Books[K] extends readonly (infer Row)[] ? Mutable<Row>[] : Books[K] };
  readonly ledger: Ledger;
  readonly witnesses: { ran: string[]; sensed: string[]; lives: Life[]; members: Map<string, { pid: number }> };
}
type Mutable<Row> = { -readonly [K in keyof Row]: Row[K] };

const SECOND = 1_000_000;
const PATH = ["requested", "scheduled", "running"] as const;

function anExecution(id: string, action: string, more: Partial<ExecutionRow> = {}): ExecutionRow {
  const status = more.status ?? "succeeded";
  return {
    id,
    status,
    action,
    runner: "local-shell-cmd",
    rule: null,
    trigger_instance: null,
    parent: null,
    due: 10,
    ended: 20 * SECOND,
    worker: null,
    snapshot: "s",
    log: [...PATH, status].map((one, index) => ({ status: one, timestamp: 10 + index })),
    parameters: {},
    result: {},
    ...more,
  };
}

function anEvent(id: string, trigger: string, at: number, payload: EventRow["payload"] = {}): EventRow {
  return { id, trigger, trigger_type: trigger, status: "processed", occurrence_time: at, payload };
}

/** A small cluster's books without a fault in them: a webhook, requests, a workflow, timers, a sensor, a lost worker. */
function rightBooks(): Found {
  const ledger = createLedger();
  ledger.webhooks.set("w1", { acknowledged: true, wishes: ["shell", "noop"] });
  ledger.webhooks.set("w2", { acknowledged: false, wishes: ["noop"] });
  for (const [mark, action] of [
    ["e1", "chaos.mark"],
    ["e2", "chaos.sequence"],
    ["e3", "chaos.mark"],
    ["e4", "core.ask"],
    ["e5", "chaos.again"],
    ["e6", "chaos.mark"],
  ] as const) {
    ledger.executions.set(mark, { acknowledged: true, action, delayMs: 0 });
  }
  ledger.canceled.add("x6");
  ledger.answers.set("x4", "acknowledged");
  ledger.keys.set("chaos.one", [
    { acknowledged: true, value: "v1" },
    { acknowledged: true, value: "v2" },
    { acknowledged: false, value: "v3" },
  ]);
  ledger.rules.set("r1", { acknowledged: true });
  ledger.visits.set("r1", 1);
  const sub = { runner: "local-shell-cmd", parent: "x2" };
  const twiceBegun = [...PATH, ...PATH, "succeeded"] as const;
  const executions = [
    anExecution("h1", "chaos.mark", {
      rule: "chaos.shell",
      trigger_instance: "v1",
      parameters: { mark: "w1.shell" },
    }),
    anExecution("h2", "core.noop", { rule: "chaos.noop", trigger_instance: "v1" }),
    anExecution("h3", "core.noop", { rule: "chaos.r1", trigger_instance: "v3" }),
    anExecution("x1", "chaos.mark", { parameters: { mark: "e1" } }),
    anExecution("x2", "chaos.sequence", { runner: "orquesta", parameters: { mark: "e2" } }),
    ...["a", "b", "c"].map((task) =>
      anExecution(`x2${task}`, "chaos.mark", { ...sub, parameters: { mark: `e2.${task}` } }),
    ),
    anExecution("x3", "chaos.mark", {
      status: "abandoned",
      parameters: { mark: "e3" },
      result: { error: "lost", worker: "7-ab" },
    }),
    anExecution("x4", "core.ask", {
      parameters: { route: "e4" },
      result: { response: { continue: true } },
      log: [...PATH, "pending", "succeeded"].map((status, index) => ({
        status: status as ExecutionRow["status"],
        timestamp: 10 + index,
      })),
    }),
    anExecution("x5", "chaos.again", {
      parameters: { mark: "e5" },
      log: twiceBegun.map((status, index) => ({ status, timestamp: 10 + index })),
    }),
    anExecution("x6", "chaos.mark", {
      status: "canceled",
      parameters: { mark: "e6" },
      log: [...PATH, "canceling", "canceled"].map((status, index) => ({
        status: status as ExecutionRow["status"],
        timestamp: 10 + index,
      })),
    }),
  ];
  const ticks = ["tick_once", "tick_skip", "tick_all"].flatMap((name) =>
    [1, 2, 3, 4].map((second) => anEvent(`${name}${second}`, `chaos.t_${name}`, second * SECOND)),
  );
  const crons = [5, 10, 15, 20].map((second) => anEvent(`cron${second}`, "chaos.t_cron", second * SECOND));
  const timed = ["tick_once", "tick_skip", "tick_all", "cron"];
  const triggers = [
    ...timed.map((name) => ({ id: `t_${name}`, ref: `chaos.t_${name}` })),
    { id: "tr", ref: "chaos.t_r" },
  ];
  return {
    ledger,
    books: {
      executions,
      events: [
        anEvent("v1", "hook", 1, { body: { mark: "w1", shell: true, noop: true } }),
        ...ticks,
        ...crons,
        anEvent("v3", "hook", 2, { body: { visit: "r1" } }),
        anEvent("c1", "chaos.counted", 3, { number: "l.1" }),
      ],
      enforcements: (["shell", "noop", "r1"] as const).map((name, index) => ({
        id: `f${index}`,
        rule_ref: `chaos.${name}`,
        trigger_instance: name === "r1" ? "v3" : "v1",
        execution: `h${index + 1}`,
        status: "succeeded",
        failure_reason: null,
      })),
      steps: [{ execution: "x2", count: 4, last: 4 }],
      keys: [{ name: "chaos.one", value: "v2", version: 2 }],
      timers: timed.map((name) => ({ trigger: `t_${name}`, last: (name === "cron" ? 20 : 4) * SECOND })),
      rules: [
        ...timed.map((name) => ({ id: name, ref: `chaos.${name}`, trigger: `chaos.t_${name}` })),
        { id: "r1", ref: "chaos.r1", trigger: "chaos.t_r" },
      ],
      triggers,
      snapshots: new Set(["s"]),
      left: { member: 0, singleton: 0, told: 0 },
    },
    witnesses: {
      ran: ["w1.shell", "e1", "e2.a", "e2.b", "e2.c", "e5", "e5"],
      sensed: ["1.0 l begins 5", "1.1 l acknowledged l.1"],
      lives: [{ member: "worker1", pid: 7, began: 0, hurts: [], doomed: { at: 15_000, why: "killed" } }],
      members: new Map([["7-ab", { pid: 7 }]]),
    },
  };
}

const problemsOf = ({ books, ledger, witnesses }: Found) => audit(books, ledger, witnesses satisfies Witnesses);

/** The row, which the books of the test have. */
function one<T extends { readonly id: string }>(rows: readonly T[], id: string): Mutable<T> {
  const row = rows.find((each) => each.id === id);
  assert.ok(row, id);
  return row;
}
const move = (execution: Mutable<ExecutionRow>, ...path: readonly string[]) => {
  execution.log = path.map((status, index) => ({ status: status as ExecutionRow["status"], timestamp: 10 + index }));
  execution.status = path.at(-1) as ExecutionRow["status"];
};
const remove = <T extends { readonly id: string }>(rows: T[], id: string) =>
  rows.splice(
    rows.findIndex((each) => each.id === id),
    1,
  );

/** Each plants one error, and what the audit has to say of it. */
const PLANTED: readonly (readonly [string, (found: Found) => void, RegExp])[] = [
  ["a lost webhook", ({ books }) => remove(books.events, "v1"), /webhook w1 \(acknowledged: true\) is there 0 times/],
  [
    "a webhook that happened twice",
    ({ books }) => books.events.push(anEvent("v9", "hook", 2, { body: { mark: "w1" } })),
    /webhook w1 .* is there 2 times/,
  ],
  ["a webhook nobody sent", ({ ledger }) => ledger.webhooks.delete("w1"), /webhook w1 was never sent/],
  ["an event that nobody acted on", ({ books }) => (one(books.events, "v1").status = "pending"), /event v1 is pending/],
  [
    "a rule that fired twice",
    ({ books }) => books.enforcements.push({ ...one(books.enforcements, "f0"), id: "f9" }),
    /rule fired twice: chaos.shell for event v1/,
  ],
  ["a rule that did not fire", ({ books }) => remove(books.enforcements, "f1"), /webhook w1 fired \[chaos.shell\]/],
  ["an enforcement without its execution", ({ books }) => remove(books.executions, "h2"), /h2, which is not there/],
  ["a lost request", ({ books }) => remove(books.executions, "x1"), /execution e1 .* is there 0 times/],
  [
    "a request that happened twice",
    ({ books }) => books.executions.push({ ...one(books.executions, "x1"), id: "x9" }),
    /execution e1 .* is there 2 times/,
  ],
  ["an execution that runs for ever", ({ books }) => move(one(books.executions, "x1"), ...PATH), /x1 .* has not ended/],
  [
    "an end after an end",
    ({ books }) => move(one(books.executions, "x1"), ...PATH, "abandoned", "succeeded"),
    /x1 .* went from abandoned to succeeded/,
  ],
  [
    "an execution in two tables",
    ({ books }) => books.executions.push({ ...one(books.executions, "x2a") }),
    /x2a is in two tables/,
  ],
  ["a lease that stays", ({ books }) => (one(books.executions, "x1").worker = "7-ab"), /x1 .* still leased to 7-ab/],
  ["a process that ran twice", ({ witnesses }) => witnesses.ran.push("e1"), /x1 .* ran 2 times and was begun 1 times/],
  ["a process that never ran", ({ witnesses }) => witnesses.ran.splice(1, 1), /x1 .* its process wrote nothing/],
  ["a process of no execution", ({ witnesses }) => witnesses.ran.push("e99"), /wrote e99, of no execution/],
  [
    "a second run of what may run once",
    ({ books }) => (one(books.executions, "x1").log = one(books.executions, "x5").log),
    /x1 .* was run again/,
  ],
  [
    "an abandoned execution of a worker that was well",
    ({ witnesses }) => witnesses.lives.splice(0, 1, { member: "worker1", pid: 7, began: 0, hurts: [] }),
    /x3 .* abandoned, and nothing had been done to worker1/,
  ],
  [
    "an abandoned execution before its worker was killed",
    ({ books }) => (one(books.executions, "x3").ended = SECOND),
    /x3 .* nothing had been done/,
  ],
  ["a worker that never was", ({ witnesses }) => witnesses.lives.pop(), /x3 .* 7-ab was never there/],
  ["a cancel that was forgotten", ({ ledger }) => ledger.canceled.add("x1"), /x1 was canceled, .* is succeeded/],
  ["an answer that was lost", ({ books }) => (one(books.executions, "x4").result = {}), /question x4 was answered/],
  ["a gap in a workflow's steps", ({ books }) => (books.steps[0] = { execution: "x2", count: 3, last: 4 }), /3 steps/],
  ["a workflow that lost a task", ({ books }) => remove(books.executions, "x2b"), /x2 .* succeeded with \[a,c\]/],
  [
    "a task that ran twice",
    ({ books, witnesses }) => {
      books.executions.push({ ...one(books.executions, "x2b"), id: "x9" });
      witnesses.ran.push("e2.b");
    },
    /x2 .* has two executions of the task e2.b/,
  ],
  [
    "a workflow that failed for no reason",
    ({ books }) => move(one(books.executions, "x2"), ...PATH, "failed"),
    /x2 .* is failed for no reason/,
  ],
  ["a timer that fired twice", ({ books }) => (one(books.events, "tick_once2").occurrence_time = SECOND), /tick_once/],
  ["a planned time that was lost", ({ books }) => remove(books.events, "tick_all2"), /tick_all fired after 2 s/],
  ["a cron time that was lost", ({ books }) => remove(books.events, "cron10"), /chaos.cron fired after 10 s/],
  ["a timer ahead of its event", ({ books }) => (books.timers[2] = { trigger: "t_tick_all", last: 9 }), /stands at/],
  [
    "a sensor's event that was lost",
    ({ books }) => remove(books.events, "c1"),
    /event l.1 was acknowledged and is not/,
  ],
  [
    "a sensor's event that is there twice",
    ({ books }) => books.events.push(anEvent("c2", "chaos.counted", 4, { number: "l.1" })),
    /event l.1 is there twice/,
  ],
  ["a key that lost a write", ({ books }) => (books.keys[0] = { name: "chaos.one", value: "v1", version: 1 }), /key/],
  ["a rule that was lost", ({ books }) => remove(books.rules, "r1"), /rule chaos.r1 was acknowledged/],
  [
    "a rule that one API did not know",
    ({ ledger }) => ledger.visits.set("r1", 2),
    /chaos.r1 was set off 2 times and fired 1/,
  ],
  ["a rule without its trigger", ({ books }) => remove(books.triggers, "tr"), /the trigger of rule chaos.r1/],
  ["rows that nobody hears", ({ books }) => (books.left = { told: 2 }), /2 rows are left in told/],
  ["an answer that nobody should get", ({ ledger }) => ledger.strange.push("500"), /a client was told: 500/],
];

describe("the books of a cluster", () => {
  test("that are right have no problem", () => {
    assert.deepEqual(problemsOf(rightBooks()), []);
  });

  for (const [name, plant, problem] of PLANTED) {
    test(`show ${name}`, () => {
      const found = rightBooks();
      plant(found);
      assert.match(problemsOf(found).join("\n"), problem);
    });
  }
});
