import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Action } from "@squall/model";

/** Names that the content, the load and the books share. */
export const HOOK = "chaos";

/** What a webhook can ask for: each is a rule of the pack, which fires where the body says so. */
export const WISHES = ["noop", "shell", "python", "again", "flow"] as const;
export type Wish = (typeof WISHES)[number];

/** Timers that fire every second, and differ in what becomes of the seconds in which nobody could fire them. */
export const TICKS = ["once", "skip", "all"] as const;
export type Tick = (typeof TICKS)[number];
export const CRON_RULE = "chaos.cron";
/** The cron timer fires at every second that this divides. */
export const CRON_SECONDS = 5;
export const SENSOR_RULE = "chaos.sensed";
export const SENSOR_TRIGGER = "chaos.counted";

/** Answered by the load, directly and from inside a workflow. */
export const ASK = "core.ask";

/** Whether actions can say that they may be run again, as this checkout has it. */
export const HAS_IDEMPOTENT = "idempotent" in Action.properties;

/**
 * Workflows by name, with the marks of all tasks that have run when it succeeded, after the workflow's own mark.
 * `chaos.mark` writes each mark to a file when it runs.
 */
export const WORKFLOWS = {
  sequence: ["a", "b", "c"],
  fan: ["begin", "left", "middle", "right", "joined"],
  items: ["item.1", "item.2", "item.3", "item.4", "item.5", "item.6"],
  nested: ["before", "inner.a", "inner.b", "inner.c", "after"],
  stubborn: ["cared"],
  question: ["asked", "answered"],
} as const satisfies Record<string, readonly string[]>;
export type WorkflowName = keyof typeof WORKFLOWS;
/** Attempts of the task of `stubborn` that fails: the first, and what its retry gives it. */
export const STUBBORN_ATTEMPTS = 3;

const mark = (text: string, seconds = 0) =>
  `action: chaos.mark mark="<% ctx(mark) %>.${text}"${seconds > 0 ? ` seconds=${seconds}` : ""}`;

const DEFINITIONS: Readonly<Record<WorkflowName, string>> = {
  sequence: `
tasks:
  a: {${mark("a")}, next: [{do: b}]}
  b: {${mark("b", 0.3)}, next: [{do: c}]}
  c: {${mark("c")}}
`,
  fan: `
tasks:
  begin: {${mark("begin")}, next: [{do: [left, middle, right]}]}
  left: {${mark("left")}, next: [{do: joined}]}
  middle: {${mark("middle", 0.4)}, next: [{do: joined}]}
  right: {${mark("right", 0.1)}, next: [{do: joined}]}
  joined: {join: all, ${mark("joined")}}
`,
  items: `
tasks:
  each:
    with: {items: "<% list(1, 2, 3, 4, 5, 6) %>", concurrency: 3}
    action: chaos.mark mark="<% ctx(mark) %>.item.<% item() %>"
`,
  nested: `
tasks:
  before: {${mark("before")}, next: [{do: inner}]}
  inner: {action: 'chaos.sequence mark="<% ctx(mark) %>.inner"', next: [{when: <% succeeded() %>, do: after}]}
  after: {${mark("after")}}
`,
  stubborn: `
tasks:
  fails:
    action: core.local cmd="exit 3"
    retry: {count: ${STUBBORN_ATTEMPTS - 1}, delay: 1}
    next: [{when: <% failed() %>, do: cared}]
  cared: {${mark("cared")}}
`,
  question: `
tasks:
  asked: {${mark("asked")}, next: [{do: ask}]}
  ask: {action: ${ASK}, next: [{when: <% succeeded() %>, do: answered}]}
  answered: {${mark("answered")}}
`,
};

/**
 * Writes the pack of the load to `packs/chaos`. `ran` gets a line for each process that an execution started, `sensed`
 * one for each event that the sensor was told is stored.
 */
export function writePack(packs: string, ran: string, sensed: string): void {
  const pack = join(packs, "chaos");
  const put = (path: string, text: string) => writeFileSync(join(pack, path), text);
  for (const folder of ["actions/workflows", "rules", "sensors"]) mkdirSync(join(pack, folder), { recursive: true });
  put("pack.yaml", "name: chaos\ndescription: load\nversion: 1.0.0\nauthor: chaos\nemail: chaos@example.com\n");

  const shell = (name: string, more: object) =>
    put(
      `actions/${name}.yaml`,
      JSON.stringify({
        name,
        runner_type: "local-shell-cmd",
        enabled: true,
        entry_point: "",
        ...more,
        parameters: {
          mark: { type: "string", required: true },
          seconds: { type: "number", default: 0 },
          cmd: { type: "string", immutable: true, default: `echo {{ mark }} >> ${ran}; sleep {{ seconds }}` },
        },
      }),
    );
  shell("mark", {});
  shell("again", HAS_IDEMPOTENT ? { idempotent: true } : {});
  const markOnly = { mark: { type: "string", required: true } };
  put(
    "actions/python.yaml",
    JSON.stringify({ name: "python", runner_type: "python-script", entry_point: "python.py", parameters: markOnly }),
  );
  put("actions/python.py", PYTHON(ran));
  for (const [name, definition] of Object.entries(DEFINITIONS)) {
    const entry = `workflows/${name}.yaml`;
    put(
      `actions/${name}.yaml`,
      JSON.stringify({ name, runner_type: "orquesta", entry_point: entry, parameters: markOnly }),
    );
    put(`actions/${entry}`, `version: 1.0\ninput: [mark]\n${definition}output:\n  - mark: <% ctx(mark) %>\n`);
  }

  const rule = (name: string, trigger: object, criteria: object, action: object) =>
    put(`rules/${name}.yaml`, JSON.stringify({ name, pack: "chaos", enabled: true, trigger, criteria, action }));
  const noop = { ref: "core.noop", parameters: {} };
  const acts: Record<Wish, object> = {
    noop,
    shell: { ref: "chaos.mark", parameters: { mark: "{{ trigger.body.mark }}.shell", seconds: 0.1 } },
    python: { ref: "chaos.python", parameters: { mark: "{{ trigger.body.mark }}.python" } },
    again: { ref: "chaos.again", parameters: { mark: "{{ trigger.body.mark }}.again", seconds: 0.5 } },
    flow: { ref: "chaos.sequence", parameters: { mark: "{{ trigger.body.mark }}.flow" } },
  };
  for (const wish of WISHES) {
    const criteria = { [`trigger.body.${wish}`]: { type: "eq", pattern: true } };
    rule(wish, { type: "core.st2.webhook", parameters: { url: HOOK } }, criteria, acts[wish]);
  }
  for (const misfire of TICKS) {
    const parameters = { unit: "seconds", delta: 1, misfire };
    rule(`tick_${misfire}`, { type: "core.st2.IntervalTimer", parameters }, {}, noop);
  }
  const cron = { second: `*/${CRON_SECONDS}`, timezone: "UTC", misfire: "all" };
  rule("cron", { type: "core.st2.CronTimer", parameters: cron }, {}, noop);
  rule("sensed", { type: SENSOR_TRIGGER }, {}, noop);
  put(
    "sensors/counter.yaml",
    "class_name: Counter\nentry_point: counter.py\ntrigger_types: [{name: counted, payload_schema: {type: object}}]\n",
  );
  put("sensors/counter.py", SENSOR(sensed));
}

const PYTHON = (ran: string) => `from st2common.runners.base_action import Action


class Mark(Action):
    def run(self, mark):
        with open(${JSON.stringify(ran)}, "a") as file:
            file.write(mark + "\\n")
        return mark
`;

/** Each event has a number that no other process of the sensor gives. Only what was acknowledged is noted as such. */
const SENSOR = (sensed: string) => `import os
import time
import uuid

from st2reactor.sensor.base import Sensor


class Counter(Sensor):
    def setup(self):
        self.life = uuid.uuid4().hex[:12]
        self.note("begins %d" % os.getpid())

    def note(self, line):
        with open(${JSON.stringify(sensed)}, "a") as notes:
            notes.write("%.3f %s %s\\n" % (time.time(), self.life, line))

    def run(self):
        count = 0
        while True:
            count += 1
            self.sensor_service.dispatch("${SENSOR_TRIGGER}", {"number": "%s.%d" % (self.life, count)})
            self.note("acknowledged %s.%d" % (self.life, count))
            time.sleep(0.1)

    def cleanup(self):
        self.note("ends")

    def add_trigger(self, trigger):
        pass

    def update_trigger(self, trigger):
        pass

    def remove_trigger(self, trigger):
        pass
`;
