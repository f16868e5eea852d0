import assert from "node:assert/strict";
import { test } from "node:test";
import { completeAction } from "../complete.ts";
import { checkAction } from "./action.ts";
import { formatPath } from "./problem.ts";

const ACTION = { name: "act", runner_type: "noop" };

test("an action may say which labels its worker has, and how soon it runs", () => {
  const draft = { ...ACTION, where: { site: "edge" }, priority: -100 };
  assert.deepEqual(checkAction(draft), []);
  const { where, priority } = completeAction(draft, "examples");
  assert.deepEqual({ where, priority }, { where: { site: "edge" }, priority: -100 });
  const bare = completeAction({ ...ACTION, where: null, priority: null }, "examples");
  assert.ok(!("where" in bare) && !("priority" in bare));
});

test("labels and priorities that are none are named with their field", () => {
  const cases: [Record<string, unknown>, string, RegExp][] = [
    // As YAML reads `gpu: yes`.
    [
      { where: { site: "edge", gpu: true } },
      "where.gpu",
      /the value of label 'gpu' is true, no text; put it in quotes/,
    ],
    [{ where: { rack: 12 } }, "where.rack", /is 12, no text/],
    [{ where: ["site=edge"] }, "where", /is not of type 'object'/],
    [{ where: { "two words": "x" } }, "where.two words", /no name of a label/],
    [{ priority: 101 }, "priority", /101 is greater than the maximum of 100/],
    [{ priority: -101 }, "priority", /-101 is less than the minimum of -100/],
    [{ priority: 1.5 }, "priority", /not of type 'integer'/],
    [{ priority: "high" }, "priority", /not of type 'integer'/],
  ];
  for (const [given, path, message] of cases) {
    const problems = checkAction({ ...ACTION, ...given });
    assert.deepEqual(
      problems.map((one) => [one.severity, formatPath(one.path)]),
      [["error", path]],
    );
    assert.match(problems[0]?.message ?? "", message);
  }
});
