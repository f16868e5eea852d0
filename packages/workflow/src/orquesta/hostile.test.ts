import assert from "node:assert/strict";
import { test } from "node:test";
import { SquallError } from "@squall/model";
import fc from "fast-check";
import type { Command, Step } from "../program.ts";
import { orquestaProgram } from "./program.ts";
import type { State } from "./state.ts";

const NAMES = ["a", "b", "c", "noop", "fail", "continue", "retry", "__proto__", "constructor", "toString", "ä ö", ""];
const TEXTS = [
  "<% ctx().x %>",
  "<% result() %>",
  "<% item(i) %>",
  "<% task(a) %>",
  "<% task_status(b) %>",
  "<% ctx(x).y.z[0] %>",
  "{{ ctx('x') }}",
  "{{ ctx().x | from_json }}",
  "{% for i in range(9) %}{{ i }}{% endfor %}",
  "<% range(0, 100000000).toList() %>",
  "<% 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$') %>",
  "<% st2kv('system.x') %>",
  "<% 1 / 0 %>",
  "<% (((",
  "{{ {{",
  "<% null.foo() %>",
  "i in <% [1, 2] %>",
  "x, y in <% ctx(x) %>",
  "core.noop",
  "core.local cmd='x'",
  "core.nowhere",
];
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ maxLength: 20 }));
const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b", "c") }, fc.constantFrom(...NAMES));
const anything = fc.oneof({ weight: 5, arbitrary: text }, fc.anything({ maxDepth: 2 }), fc.integer());
const few = <T>(what: fc.Arbitrary<T>) => fc.array(what, { maxLength: 3 });
const transition = fc.record(
  {
    when: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("<% succeeded() %>", "<% failed() %>") }, anything),
    publish: fc.oneof(few(fc.dictionary(name, anything, { maxKeys: 2 })), text),
    do: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("a", "b", "c") }, name, few(name), anything),
  },
  { requiredKeys: [] },
);
const task = fc.record(
  {
    action: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("core.noop", "core.echo message='x'") }, anything),
    input: fc.oneof(fc.dictionary(name, anything, { maxKeys: 2 }), anything),
    with: fc.oneof(text, fc.record({ items: anything, concurrency: anything }, { requiredKeys: [] })),
    join: fc.oneof(fc.constantFrom("all", 0, 1, 99, -1), anything),
    delay: anything,
    retry: fc.record({ when: anything, count: anything, delay: anything }, { requiredKeys: [] }),
    next: fc.oneof({ weight: 5, arbitrary: few(transition) }, anything),
  },
  { requiredKeys: [] },
);
const definition = fc.record(
  {
    version: fc.constant(1),
    description: anything,
    input: fc.oneof(few(fc.oneof(name, fc.dictionary(name, anything, { maxKeys: 1 }))), anything),
    vars: few(fc.dictionary(name, anything, { maxKeys: 1 })),
    tasks: fc.oneof({ weight: 9, arbitrary: fc.dictionary(name, task, { minKeys: 1, maxKeys: 5 }) }, anything),
    output: few(fc.dictionary(name, anything, { maxKeys: 1 })),
    compat: fc.constantFrom("reevaluate", undefined),
  },
  { requiredKeys: ["version", "tasks"] },
);

/** More than any of these workflows needs to go round all it has. */
const MOST_EVENTS = 60;
const STATUSES = ["succeeded", "failed", "timeout", "abandoned", "canceled", "paused", "running", "pending"] as const;

test("a definition that nobody inspected runs to an end, rests, or is refused with a reason; a refused event changes nothing", () => {
  let ended = 0;
  fc.assert(
    fc.property(definition, fc.array(fc.nat(99), { minLength: 1, maxLength: 20 }), (given, choices) => {
      const source: unknown = JSON.parse(
        JSON.stringify(given, (_, one: unknown) => (typeof one === "bigint" ? 1 : one)),
      );
      const program = orquestaProgram(source);
      const env = { now: () => 0, random: () => 0.5, readKey: () => ({ value: "k" }), recordOf: () => ({}) };
      const take = (what: () => Step<State>): Step<State> | undefined => {
        try {
          return what();
        } catch (thrown) {
          if (thrown instanceof SquallError && thrown.status < 500) return undefined;
          throw thrown;
        }
      };
      let step = take(() => program.start({ x: { y: 1 } }, env));
      if (step === undefined) return;
      const open: Extract<Command, { kind: "run" }>[] = [];
      const keep = (next: Step<State>) => open.push(...next.commands.filter((command) => command.kind === "run"));
      keep(step);
      for (let n = 0; n < MOST_EVENTS && open.length > 0; n++) {
        const choice = choices[n % choices.length] ?? 0;
        const state: State = step.state;
        const before: string = JSON.stringify(state);
        const at = choice % open.length;
        const { task, route, item } = open[at] as (typeof open)[number];
        const status = STATUSES[choice % 7 === 0 ? choice % STATUSES.length : 0] ?? "succeeded";
        const next = take(() =>
          choice % 31 === 0
            ? program.advance(state, { kind: (["pause", "resume", "cancel"] as const)[choice % 3] ?? "pause" }, env)
            : program.advance(
                state,
                { kind: "task", task, route, ...(item !== undefined && { item }), status, result: { r: choice } },
                env,
              ),
        );
        assert.equal(JSON.stringify(state), before, "a state that was given is left as it was");
        if (status !== "paused" && status !== "running" && status !== "pending") open.splice(at, 1);
        if (next === undefined) continue;
        step = next;
        keep(step);
      }
      if (step.output !== undefined) ended++;
    }),
    { numRuns: 800 },
  );
  assert.ok(ended > 5, `only ${ended} came to an end`);
});
