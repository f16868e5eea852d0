import assert from "node:assert/strict";
import { test } from "node:test";
import { planOf } from "./plan.ts";

test("a seed always stands for the same faults, and another one for others", () => {
  assert.deepEqual(planOf(7, 200), planOf(7, 200));
  assert.notDeepEqual(planOf(7, 200), planOf(8, 200));
});

test("a plan has as many faults as asked for, of every kind", () => {
  for (const seed of [1, 2, 3]) {
    const faults = planOf(seed, 60).flatMap((round) => round.faults);
    assert.equal(faults.length, 60);
    assert.equal(new Set(faults.map((fault) => fault.kind)).size, 10, `seed ${seed}`);
  }
});

test("what recovers is timed after a kill that is alone", () => {
  const alone = planOf(1, 100).filter((round) => round.alone);
  assert.ok(alone.length > 5);
  for (const round of alone)
    assert.deepEqual(
      round.faults.map((fault) => fault.kind),
      ["kill"],
    );
});
