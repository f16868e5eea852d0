import { isCompleted } from "@squall/model";
import { countOf } from "../ledger.ts";
import { isRunAgain, lifeOf } from "./books/executions.ts";
import { CRON_RULE, TICKS, WORKFLOWS } from "./content.ts";
import type { Outcome } from "./run.ts";

/** What happened, in lines for people. */
export function reportOf(outcome: Outcome): string[] {
  const { books, ledger, faults, recoveries, problems } = outcome;
  const { executions, events } = books;
  const kinds = countBy(faults, (fault) => ("role" in fault ? `${fault.kind} ${fault.role}` : fault.kind));
  const sent = (name: string, all: Parameters<typeof countOf>[0]) => {
    const count = countOf(all);
    return `${count.acknowledged} of ${count.sent} ${name}`;
  };
  const isFlow = (action: string) => Object.keys(WORKFLOWS).some((name) => action === `chaos.${name}`);
  const abandoned = executions.filter((one) => one.status === "abandoned");
  const again = executions.filter(isRunAgain);
  const longest = (times: readonly number[]) =>
    times.length === 0 ? "-" : `${(Math.max(...times) / 1000).toFixed(1)} s`;
  const settled = settledAfter(outcome);
  return [
    `faults          ${faults.length}: ${kinds}`,
    `attempts        acknowledged ${sent("webhooks", ledger.webhooks.values())}, ` +
      `${sent("executions", ledger.executions.values())}, ${sent("key writes", [...ledger.keys.values()].flat())}, ` +
      `${sent("rules", ledger.rules.values())}; ${ledger.canceled.size} cancels, ${ledger.answers.size} answers`,
    `refused         ${[...ledger.refusals].map(([what, count]) => `${count} ${what}`).join(", ") || "nothing"}`,
    `executions      ${executions.length}: ${countBy(executions, (one) => one.status)}`,
    `workflows       ${countBy(
      executions.filter((one) => isFlow(one.action)),
      (one) => one.status,
    )}; ${books.steps.reduce((sum, one) => sum + one.count, 0)} steps`,
    `events          ${events.length}: ${countBy(events, (one) => one.trigger_type)}`,
    `abandoned       ${abandoned.length} (${countBy(abandoned, (one) => one.action)}); run again ${again.length}`,
    `killed alone    ${recoveries.length}: evicted within ${longest(recoveries.map((one) => one.evictedMs))}, ` +
      `singletons moved within ${longest(recoveries.flatMap((one) => one.movedMs ?? []))}, ` +
      `executions settled within ${longest(settled)}, timers fired again within ${longest(ticksAfter(outcome))}`,
    `processes       ${outcome.lives.length} of ${new Set(outcome.lives.map((one) => one.member)).size} members; ` +
      `${outcome.failedStarts} starts failed because something was away`,
    `time            ${Math.round(outcome.seconds)} s`,
    `problems        ${problems.length}`,
    ...problems.slice(0, 60).map((problem) => `  ${problem}`),
    ...(executions.every((one) => isCompleted(one.status)) ? [] : ["  (some executions have not ended)"]),
  ];
}

/** Milliseconds from each lone kill of a worker to the end of what it ran. */
function settledAfter({ recoveries, books, lives, members }: Outcome): number[] {
  return recoveries.flatMap(({ pid, at }) =>
    books.executions
      .filter((one) => one.status === "abandoned" && lifeOf(String(one.result?.worker), lives, members)?.pid === pid)
      .map((one) => (one.ended ?? 0) / 1000 - at),
  );
}

/** Milliseconds from each lone kill of sources to the first firing of each timer after it. */
function ticksAfter({ recoveries, books }: Outcome): number[] {
  const rules = new Set([...TICKS.map((tick) => `chaos.tick_${tick}`), CRON_RULE]);
  const triggers = books.rules.filter((rule) => rules.has(rule.ref)).map((rule) => rule.trigger);
  return recoveries
    .filter(({ role }) => role === "sources")
    .flatMap(({ at }) =>
      triggers.map((trigger) => {
        const fired = books.events
          .filter((one) => one.trigger === trigger)
          .map((one) => Date.parse(String(one.payload.executed_at)))
          .filter((time) => time > at);
        return fired.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...fired) - at;
      }),
    );
}

function countBy<T>(rows: readonly T[], nameOf: (row: T) => string): string {
  return (
    [...Map.groupBy(rows, nameOf)]
      .toSorted(([, a], [, b]) => b.length - a.length)
      .map(([name, group]) => `${group.length} ${name}`)
      .join(", ") || "none"
  );
}
