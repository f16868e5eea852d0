import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { EnforcementFilter, EventFilter, ExecutionFilter } from "../port.ts";
import { type Database, openDatabase, type Row } from "./database.ts";
import { listEnforcements } from "./enforcements.ts";
import { listEvents } from "./events.ts";
import { claimExecutions, nextDue, waiting } from "./claims.ts";
import { childIds, insertExecution, listExecutions, lostExecutions } from "./executions.ts";
import { aClaim, anExecution } from "../contract/samples.ts";
import { createMembers } from "./members.ts";
import { migrate } from "./migrate.ts";

/** A database that writes down the plan of every query it is asked, and the plans. */
async function observed(t: TestContext): Promise<{ db: Database; plans: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), "squall-plans-"));
  const open = () => openDatabase(join(directory, "squall.db"), { cacheBytes: 1 << 20, busyTimeoutMs: 100 });
  const first = open();
  migrate(first);
  first.close();
  // The planner reads the statistics when a connection is opened, so the one that wrote them plans without.
  const real = open();
  createMembers(real);
  t.after(async () => {
    real.close();
    await rm(directory, { recursive: true });
  });
  const plans: string[] = [];
  const observe =
    <T>(query: (sql: string, ...values: never[]) => T) =>
    (sql: string, ...values: never[]): T => {
      plans.push(
        real
          .all(`explain query plan ${sql}`, ...values)
          .map((row: Row) => row["detail"])
          .join("\n"),
      );
      return query(sql, ...values);
    };
  return { db: { ...real, all: observe(real.all), get: observe(real.get) }, plans };
}

test("lists of executions walk an index in the order that is asked for, and stop at the limit", async (t) => {
  const { db, plans } = await observed(t);
  const expected: [ExecutionFilter, string][] = [
    [{}, "execution_by_start"],
    [{ user: "eva" }, "execution_by_start"],
    [{ after: 1, before: 2 }, "execution_by_start"],
    [{ parent: null }, "execution_by_parent"],
    [{ parent: "p" }, "execution_by_parent"],
    [{ action: "a.b" }, "execution_by_action"],
    [{ action: "a.b", parent: null }, "execution_by_action"],
    [{ status: ["failed"] }, "execution_by_status"],
    [{ status: ["failed"], parent: null }, "execution_by_status"],
    [{ rule: "a.b" }, "execution_by_rule"],
  ];
  for (const [filter, index] of expected) {
    for (const order of ["ascending", "descending"] as const) {
      plans.length = 0;
      listExecutions(db, "default", { ...filter, order }, { limit: 50 });
      assert.equal(plans.length, 1);
      assert.match(plans[0] ?? "", new RegExp(`index ${index} `, "i"), JSON.stringify(filter));
      assert.doesNotMatch(plans[0] ?? "", /temp b-tree/i, JSON.stringify(filter));
    }
  }
});

test("executions and events that are asked for by id are found by id", async (t) => {
  const { db, plans } = await observed(t);
  listExecutions(db, "default", { ids: ["a", "b"] }, { limit: 50 });
  listEvents(db, "default", { ids: ["a", "b"] }, { limit: 50 });
  listExecutions(db, "default", { trigger_instance: "e" }, { limit: 50 });
  assert.match(plans[0] ?? "", /index sqlite_autoindex_execution_1 \(project=\? and id=\?\)/i);
  assert.match(plans[1] ?? "", /index sqlite_autoindex_event_1 \(project=\? and id=\?\)/i);
  assert.match(plans[2] ?? "", /index execution_by_event /i);
});

test("several statuses walk one index each, and only what is on the page is read", async (t) => {
  const { db, plans } = await observed(t);
  listExecutions(db, "default", { status: ["failed", "running"], parent: null }, { limit: 50 });
  assert.equal(plans[0]?.match(/using covering index execution_by_status /gi)?.length, 2);
  assert.match(plans[0] ?? "", /search execution using index sqlite_autoindex_execution_1 \(project=\? and id=\?\)/i);
});

test("totals of the usual lists are counted on an index alone", async (t) => {
  const { db, plans } = await observed(t);
  for (const filter of [
    {},
    { parent: null },
    { action: "a.b" },
    { status: ["failed"] },
    { status: ["failed"], parent: null },
    { rule: "r" },
  ] satisfies ExecutionFilter[]) {
    plans.length = 0;
    listExecutions(db, "default", filter, { limit: 0, count: true });
    assert.match(plans[0] ?? "", /using covering index/i, JSON.stringify(filter));
  }
});

test("claiming, due times, leases and children do not look at history", async (t) => {
  const { db, plans } = await observed(t);
  waiting(db, 10);
  nextDue(db, "inline", 1);
  lostExecutions(db, 1);
  childIds(db, "default", ["p", "q"]);
  assert.deepEqual(
    plans.map((plan) => /index (execution_\w+)/i.exec(plan)?.[1]),
    ["execution_waiting", "execution_waiting", "execution_waiting", "execution_leased", "execution_by_parent"],
  );
  assert.equal(plans[2]?.match(/using covering index execution_waiting /gi)?.length, 3);
});

test("a claim jumps along the queues and reads nothing but the index and what it takes", async (t) => {
  const { db, plans } = await observed(t);
  const edge = { site: "edge" };
  for (const [n, given] of [{}, { where: edge }, { where: { site: "core" } }, { priority: 5 }].entries()) {
    insertExecution(db, anExecution(n, given));
  }
  plans.length = 0;
  assert.equal(claimExecutions(db, aClaim({ labels: edge }), "").length, 3);
  const [taking, looking] = [plans.filter((plan) => /project=\? and id=\?/i.test(plan)), plans];
  assert.equal(taking.length, 3);
  for (const plan of looking.filter((one) => !taking.includes(one))) {
    assert.match(plan, /^search execution using covering index execution_queue \(lane=\?/i);
    assert.doesNotMatch(plan, /temp b-tree/i);
  }
});

test("events and enforcements have an index for each list that people open", async (t) => {
  const { db, plans } = await observed(t);
  const events: [EventFilter, string][] = [
    [{}, "event_by_time"],
    [{ status: ["processed"] }, "event_by_time"],
    [{ trigger_type: "t" }, "event_by_type"],
    [{ status: ["pending"] }, "event_unprocessed"],
  ];
  for (const [filter, index] of events) {
    plans.length = 0;
    listEvents(db, "default", filter, { limit: 50 });
    assert.match(plans[0] ?? "", new RegExp(`index ${index} `, "i"), JSON.stringify(filter));
    assert.doesNotMatch(plans[0] ?? "", /temp b-tree/i, JSON.stringify(filter));
  }
  const enforcements: [EnforcementFilter, string][] = [
    [{}, "enforcement_by_time"],
    [{ rule_ref: "r" }, "enforcement_by_rule"],
    [{ trigger_instance: "e" }, "enforcement_by_event"],
    [{ execution: "x" }, "enforcement_by_execution"],
  ];
  for (const [filter, index] of enforcements) {
    plans.length = 0;
    listEnforcements(db, "default", filter, { limit: 50 });
    assert.match(plans[0] ?? "", new RegExp(`index ${index} `, "i"), JSON.stringify(filter));
  }
});
