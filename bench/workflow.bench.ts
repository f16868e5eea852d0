/**
 * How many task transitions a second the Orquesta conductor makes, alone: no store, no actions, one thread. A transition is
 * one `advance` with a task's success: its transitions are evaluated, its successors staged, rendered and handed out.
 * Then what a transition costs after so many tasks: it must not depend on them. Run: `node bench/workflow.bench.ts`.
 * It does not measure reading YAML, inspection, large values, or what the engine writes per step.
 */
import { orquestaProgram, type Program, type Step } from "@squall/workflow";

type Task = { readonly task: string; readonly route: number };

const next = (target: string, publish?: object): object => ({
  when: "<% succeeded() %>",
  ...(publish === undefined ? {} : { publish: [publish] }),
  do: [target],
});

/** `t0` to `t<n-1>`, one after the other; each publishes when `publishes`. */
function sequence(length: number, publishes = false): object {
  const tasks = Array.from({ length }, (_, i) => [
    `t${i}`,
    {
      action: "core.noop",
      ...(i + 1 < length
        ? { next: [next(`t${i + 1}`, publishes ? { [`v${i % 10}`]: "<% result().n %>" } : undefined)] }
        : {}),
    },
  ]);
  return { version: 1, tasks: Object.fromEntries(tasks) as object };
}

/** One task, `width` after it at once, one that joins them. */
function fan(width: number): object {
  const branches = Array.from({ length: width }, (_, i) => `b${i}`);
  return {
    version: 1,
    tasks: {
      start: { action: "core.noop", next: [{ when: "<% succeeded() %>", do: branches }] },
      ...Object.fromEntries(branches.map((name) => [name, { action: "core.noop", next: [next("end")] }])),
      end: { action: "core.noop", join: "all" },
    },
  };
}

/** A cycle of one task that counts in a variable. */
const cycle = (rounds: number): object => ({
  version: 1,
  vars: [{ n: 0 }],
  tasks: {
    begin: { action: "core.noop", next: [{ do: ["again"] }] },
    again: {
      action: "core.noop",
      next: [{ when: `<% ctx(n) < ${rounds} %>`, publish: [{ n: "<% ctx(n) + 1 %>" }], do: ["again"] }],
    },
  },
});

/** Runs a workflow to its end; answers the transitions made, and tells of each when asked. */
function run<State>(
  program: Program<State, object>,
  each?: (done: number) => void,
): { transitions: number; state: State } {
  let step: Step<State> = program.start({}, {});
  const queue: Task[] = [];
  const take = (): void => {
    for (const command of step.commands) if (command.kind === "run") queue.push(command);
  };
  take();
  let transitions = 0;
  for (let at = 0; at < queue.length; at++) {
    const { task, route } = queue[at] as Task;
    step = program.advance(step.state, { kind: "task", task, route, status: "succeeded", result: { n: at } }, {});
    take();
    transitions++;
    each?.(transitions);
  }
  if (step.status !== "succeeded")
    throw new Error(`the workflow ended as ${step.status}: ${JSON.stringify(step.errors)}`);
  return { transitions, state: step.state };
}

function perSecond(definition: object, milliseconds: number): number {
  const program = orquestaProgram(definition);
  run(program);
  const start = performance.now();
  let transitions = 0;
  while (performance.now() - start < milliseconds) transitions += run(program).transitions;
  return (transitions / (performance.now() - start)) * 1000;
}

const show = (what: string, value: number): void =>
  console.log(`${what.padEnd(48)} ${Math.round(value).toLocaleString("en").padStart(10)} /s`);

show("sequence of 100", perSecond(sequence(100), 1000));
show("sequence of 100, each publishes", perSecond(sequence(100, true), 1000));
show("fan-out to 1,000 and join", perSecond(fan(1000), 1000));
show("fan-out to 10,000 and join", perSecond(fan(10_000), 1000));
show("cycle of 1,000 rounds", perSecond(cycle(1000), 500));

for (const [what, definition] of [
  ["sequence, each publishes", sequence(10_000, true)],
  ["cycle that counts", cycle(10_000)],
] as const) {
  const program = orquestaProgram(definition);
  run(program);
  let best: number[] = [];
  let size = 0;
  for (let repeat = 0; repeat < 3; repeat++) {
    const marks: number[] = [];
    let last = performance.now();
    const { state } = run(program, (done) => {
      if (done % 1000 !== 0) return;
      const now = performance.now();
      marks.push(now - last);
      last = now;
    });
    best = marks.map((mark, i) => Math.min(mark, best[i] ?? Infinity));
    size = JSON.stringify(state).length;
  }
  console.log(
    `microseconds per transition after 0, 1,000 ... 9,000 tasks (${what}): ${best.map((ms) => ms.toFixed(1)).join("  ")}`,
  );
  console.log(`  state at the end: ${size.toLocaleString("en")} characters`);
}
