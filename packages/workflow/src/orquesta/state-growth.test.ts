import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type Overlay, over, then } from "./merge.ts";
import { orquestaProgram } from "./program.ts";

test("a cycle's state does not grow with the rounds it has made, and its variables are right", () => {
  const size = (rounds: number): number => {
    const program = orquestaProgram({
      version: 1,
      vars: [{ n: 0 }, { map: { kept: true } }],
      tasks: {
        begin: { action: "core.noop", next: [{ do: "again" }] },
        again: {
          action: "core.noop",
          next: [
            {
              when: `<% ctx(n) < ${rounds} %>`,
              publish: [{ n: "<% ctx(n) + 1 %>" }, { map: { last: "<% ctx(n) %>" } }, { text: "<% result() %>" }],
              do: "again",
            },
          ],
        },
      },
      output: [{ n: "<% ctx(n) %>" }, { map: "<% ctx(map) %>" }, { text: "<% ctx(text) %>" }],
    });
    let step = program.start({}, {});
    for (let i = 0; step.status === "running"; i++) {
      const task = i === 0 ? "begin" : "again";
      step = program.advance(
        step.state,
        { kind: "task", task, route: 0, status: "succeeded", result: "x".repeat(100) },
        {},
      );
      // As from the store, now and then.
      if (i % 100 === 99) step = { ...step, state: JSON.parse(JSON.stringify(step.state)) as typeof step.state };
    }
    assert.deepEqual(step.output, { n: rounds, map: { kept: true, last: rounds }, text: "x".repeat(100) });
    return JSON.stringify(step.state).length;
  };
  // Places that were let go of leave `null` or an empty page behind: a fraction of a byte each.
  assert.ok(size(3000) - size(1500) < 1500 * 30, "no contexts and entries pile up");
});

/** The merge as it is defined: members of maps are merged, anything else is replaced. */
function merged(base: unknown, by: unknown): unknown {
  const isMap = (one: unknown): one is Overlay => typeof one === "object" && one !== null && !Array.isArray(one);
  if (!isMap(base) || !isMap(by)) return by;
  const members = new Map<string, unknown>(Object.entries(base));
  for (const [key, member] of Object.entries(by))
    members.set(key, members.has(key) ? merged(members.get(key), member) : member);
  return Object.fromEntries(members);
}

test("merges composed first do what they do one after the other", () => {
  const { map } = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, fc.constantFrom<unknown>(1, null, "x", [1]), tie("map")),
    map: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3, noNullPrototype: true }),
  })) as { map: fc.Arbitrary<Overlay> };
  fc.assert(
    fc.property(map, fc.array(map, { maxLength: 5 }), (base, overlays) => {
      const oneByOne = overlays.reduce<unknown>(merged, base);
      const composed = overlays.reduce<Overlay>(then, {});
      assert.deepEqual(over(base, composed), oneByOne);
    }),
  );
});
