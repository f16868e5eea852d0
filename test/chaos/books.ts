import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import {
  COMPLETED_STATUSES,
  type ExecutionStatus,
  isCompleted,
  type JsonObject,
  type Rule,
  type Trigger,
} from "@squall/model";
import {
  auditEnforcements,
  auditWebhooks,
  type EnforcementRow,
  type EventRow,
  isObject,
  sorted,
  twice,
} from "./events.ts";
import type { Ledger } from "./ledger.ts";
import { CHAIN_RULE, HOOK, NOOP_RULE, PROCESS_RULE, TICK_RULES } from "./load.ts";

/** The tables of a stopped server, read without its code, so that the code cannot hide from its own mistakes. */
export interface Books {
  /** What SQLite itself says about the file: "ok". */
  readonly integrity: string;
  readonly executions: readonly ExecutionRow[];
  readonly events: readonly EventRow[];
  readonly enforcements: readonly EnforcementRow[];
  readonly keys: readonly { readonly name: string; readonly value: string; readonly version: number }[];
  readonly timers: readonly { readonly trigger: string; readonly last: number }[];
  readonly rules: readonly { readonly id: string; readonly ref: string; readonly trigger: string }[];
  readonly triggers: readonly { readonly id: string; readonly ref: string }[];
  readonly snapshots: ReadonlySet<string>;
}

export interface ExecutionRow {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly action: string;
  readonly rule: string | null;
  readonly trigger_instance: string | null;
  readonly due: number;
  readonly ended: number | null;
  readonly worker: string | null;
  readonly snapshot: string;
  readonly log: readonly { readonly status: ExecutionStatus; readonly timestamp: number }[];
  readonly parameters: JsonObject;
  readonly result: JsonObject | undefined;
}

export function readBooks(file: string): Books {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    // Casts: the columns are those of the store's schema; where it changes, this test has to.
    const all = <T>(sql: string) => db.prepare(sql).all() as unknown as T[];
    const parsed = <T>(rows: Record<string, unknown>[], columns: readonly string[]): T[] =>
      rows.map((row) => {
        const read = columns.map((name): [string, unknown] => {
          const text = row[name];
          return [name, typeof text === "string" ? JSON.parse(text) : undefined];
        });
        return { ...row, ...Object.fromEntries(read) } as T;
      });
    const bodies = <T>(kind: string) =>
      all<{ body: string }>(`select body from resource where kind = '${kind}'`).map(
        ({ body }) => JSON.parse(body) as T,
      );
    return {
      integrity: all<{ integrity_check: string }>("pragma integrity_check")
        .map((row) => row.integrity_check)
        .join("; "),
      executions: parsed(all("select * from execution order by id"), ["log", "parameters", "result"]),
      events: parsed(all("select * from event order by occurrence_time, id"), ["payload"]),
      enforcements: all("select * from enforcement"),
      keys: all("select name, value, version from key"),
      timers: all("select trigger, last from timer"),
      rules: bodies<Rule>("rule").map((rule) => ({ id: rule.id, ref: rule.ref, trigger: rule.trigger.ref })),
      triggers: bodies<Trigger>("trigger").map((trigger) => ({ id: trigger.id, ref: trigger.ref })),
      snapshots: new Set(all<{ digest: string }>("select digest from snapshot").map(({ digest }) => digest)),
    };
  } finally {
    db.close();
  }
}

/** Everything that is wrong with the books, given what was promised. `lines` are what the processes wrote. */
export function audit(books: Books, ledger: Ledger, lines: readonly string[]): string[] {
  return [
    ...(books.integrity === "ok" ? [] : [`integrity_check says ${books.integrity}`]),
    ...auditExecutions(books),
    ...auditEnforcements(books),
    ...auditWebhooks(books, HOOK, ledger.webhooks, (sent) => [
      ...(sent.noop ? [NOOP_RULE] : []),
      ...(sent.process ? [PROCESS_RULE] : []),
    ]),
    ...auditRequests(books, ledger),
    ...auditChain(books),
    ...auditTimers(books),
    ...auditKeys(books, ledger),
    ...auditRules(books, ledger),
    ...auditRuns(books, lines),
  ];
}

/** Lines of a file that may not be there. */
export function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

/** Where an execution may go from each status when no workflow is around. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  "": ["requested"],
  requested: ["scheduled", "delayed", "canceled"],
  delayed: ["scheduled", "canceled"],
  scheduled: ["running", "canceled"],
  running: ["succeeded", "failed", "timeout", "abandoned", "canceling"],
  canceling: ["canceled"],
};

function auditExecutions({ executions, snapshots }: Books): string[] {
  return executions.flatMap((one) => {
    const path = one.log.map(({ status }) => status);
    const problems: string[] = [];
    const wrong = (what: string) => problems.push(`execution ${one.id} (${one.action}, ${path.join(" > ")}) ${what}`);
    path.forEach((status, index) => {
      const before = path[index - 1] ?? "";
      if (!NEXT[before]?.includes(status)) wrong(`went from ${before || "nothing"} to ${status}`);
    });
    if (new Set(path).size < path.length) wrong("was in a status twice");
    if (path.at(-1) !== one.status) wrong(`is ${one.status}, which its log does not end with`);
    if (path.filter(isCompleted).length !== 1 || !isCompleted(one.status)) {
      wrong(`has not ended once; ${COMPLETED_STATUSES.join(", ")} are ends`);
    }
    if (one.ended === null) wrong("has no end time");
    if (one.worker !== null) wrong(`is still leased to ${one.worker}`);
    if (one.result === undefined) wrong("has no result");
    if (one.status === "abandoned" && !String(one.result?.error).includes("the server stopped while this ran")) {
      wrong(`does not say why it was abandoned: ${JSON.stringify(one.result)}`);
    }
    const running = one.log.find(({ status }) => status === "running");
    if (running && running.timestamp < one.due) wrong("ran before it was due");
    if (!snapshots.has(one.snapshot)) wrong("has no snapshot");
    return problems;
  });
}

/** What was asked for directly is there once, and ended as far as it was promised. */
function auditRequests(books: Books, ledger: Ledger): string[] {
  const direct = Map.groupBy(
    books.executions.filter((one) => one.rule === null),
    (one) => runMark(one) ?? "",
  );
  const canceled = books.executions.filter((one) => ledger.canceled.has(one.id) && one.status !== "canceled");
  return [
    ...[...ledger.executions].flatMap(([mark, sent]) => {
      const found = direct.get(mark) ?? [];
      if (found.length > 1 || (sent.acknowledged && found.length === 0)) {
        return [`execution ${mark} (acknowledged: ${sent.acknowledged}) is there ${found.length} times`];
      }
      const delayed = found.every((one) => one.log.some(({ status }) => status === "delayed") === sent.delayMs > 0);
      return delayed ? [] : [`execution ${mark} was asked for with a delay of ${sent.delayMs} and does not show it`];
    }),
    ...canceled.map((one) => `execution ${one.id} was canceled, as acknowledged, and ended as ${one.status}`),
  ];
}

/** Each end of an execution is told once, and each end of a watched one is acted on once. */
function auditChain({ executions, events }: Books): string[] {
  const told = Map.groupBy(
    events.filter((one) => one.trigger_type === "core.st2.generic.actiontrigger"),
    (one) => String(one.payload.execution_id),
  );
  const chained = Map.groupBy(
    executions.filter((one) => one.rule === CHAIN_RULE),
    (one) => String((one.parameters.message as JsonObject).of),
  );
  return executions.flatMap((one) => {
    const problems: string[] = [];
    const ends = told.get(one.id) ?? [];
    if (ends.length !== 1)
      problems.push(`the end of execution ${one.id} (${one.status}) was told ${ends.length} times`);
    for (const { payload } of ends) {
      if (payload.status !== one.status) {
        problems.push(`the end of execution ${one.id} was told as ${String(payload.status)} and is ${one.status}`);
      }
    }
    const follows = chained.get(one.id)?.length ?? 0;
    const due = one.action === "core.local" ? 1 : 0;
    if (follows !== due) problems.push(`execution ${one.id} of ${one.action} was followed by ${follows}, not ${due}`);
    return problems;
  });
}

const SECOND = 1_000_000;

/** A planned time fires at most once, and with `misfire: all` each does. */
function auditTimers({ events, timers, rules, triggers }: Books): string[] {
  return Object.entries(TICK_RULES).flatMap(([misfire, rule]) => {
    const ref = rules.find((one) => one.ref === rule)?.trigger;
    const id = triggers.find((one) => one.ref === ref)?.id;
    const times = events.filter((one) => one.trigger === ref).map((one) => one.occurrence_time);
    const stored = timers.find((one) => one.trigger === id);
    if (times.length < 3 || !stored) return [`the timer of ${rule} fired ${times.length} times`];
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    const bad = steps.filter((step) => (misfire === "all" ? step !== SECOND : step < SECOND || step % SECOND !== 0));
    return [
      ...(bad.length > 0 ? [`the timer of ${rule} fired ${bad.join(", ")} microseconds apart`] : []),
      ...(stored.last === times.at(-1) ? [] : [`the timer of ${rule} stands at another time than its last event`]),
    ];
  });
}

/** A key has the last value that was acknowledged, or one that was sent after it; each change of it was told once. */
function auditKeys({ keys, events }: Books, ledger: Ledger): string[] {
  const found = new Map(keys.map((one) => [one.name, one]));
  const changes = Map.groupBy(
    events.filter((one) => one.trigger_type === "core.st2.key_value_pair.value_change"),
    (one) => String((one.payload.new_object as JsonObject).name),
  );
  return [...ledger.keys].flatMap(([name, values]) => {
    const key = found.get(name);
    const promised = values.findLastIndex((one) => one.acknowledged);
    const has = values.findIndex((one) => one.value === key?.value);
    if (has < promised)
      return [`key ${name} has value ${has + 1} of ${values.length}; ${promised + 1} was acknowledged`];
    const versions = (changes.get(name) ?? []).map((one) => Number((one.payload.new_object as JsonObject).version));
    const expected = Array.from({ length: Math.max(0, (key?.version ?? 0) - 1) }, (_, index) => index + 2);
    const isTold = sorted(versions.map(String)) === sorted(expected.map(String));
    return isTold ? [] : [`key ${name} is at version ${key?.version}; changes were told to ${versions.join(", ")}`];
  });
}

/** A rule and the trigger that is made for it are there together. */
function auditRules({ rules, triggers }: Books, ledger: Ledger): string[] {
  const refs = new Set(rules.map((one) => one.ref));
  const known = new Set(triggers.map((one) => one.ref));
  return [
    ...[...ledger.rules]
      .filter(([name, sent]) => sent.acknowledged && !refs.has(`chaos.${name}`))
      .map(([name]) => `rule chaos.${name} was acknowledged and is not there`),
    ...rules.filter((one) => !known.has(one.trigger)).map((one) => `the trigger of rule ${one.ref} is not there`),
  ];
}

/** Nothing ran twice in the world outside, and what succeeded ran. */
function auditRuns({ executions, events }: Books, lines: readonly string[]): string[] {
  const ran = new Set(lines);
  const byEvent = new Map(events.map((one) => [one.id, one]));
  const missing = executions.flatMap((one) => {
    if (one.action !== "core.local" || one.status !== "succeeded") return [];
    const mark = runMark(one) ?? markOf(byEvent.get(one.trigger_instance ?? "")?.payload.body);
    return ran.has(mark) ? [] : [`execution ${one.id} succeeded, but its process did not write ${mark}`];
  });
  return [...twice(lines, (line) => line).map((mark) => `the process of ${mark} ran twice`), ...missing];
}

/** The mark in the parameters of an execution of the load. */
function runMark({ parameters }: ExecutionRow): string | undefined {
  if (isObject(parameters.message)) return String(parameters.message.mark);
  return /^echo (\w+)/.exec(String(parameters.cmd))?.[1];
}

/** The mark in a webhook's body. */
function markOf(body: unknown): string {
  return isObject(body) ? String(body.mark) : "";
}
