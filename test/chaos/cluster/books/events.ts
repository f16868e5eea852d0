import type { Ledger } from "../ledger.ts";
import { HOOK } from "../content.ts";
import { type Books, isObject, sorted, twice } from "./books.ts";

/** A rule fires at most once for an event, and an enforcement and its execution are nothing without each other. */
export function auditEnforcements({ enforcements, events, executions }: Books): string[] {
  const eventIds = new Set(events.map(({ id }) => id));
  const byId = new Map(executions.map((one) => [one.id, one]));
  const enforced = Map.groupBy(enforcements, (one) => one.execution ?? "none");
  return [
    ...twice(enforcements, (one) => `${one.rule_ref} for event ${one.trigger_instance}`).map(
      (what) => `rule fired twice: ${what}`,
    ),
    ...enforcements.flatMap((one) => {
      const execution = byId.get(one.execution ?? "");
      const name = `enforcement ${one.id} of ${one.rule_ref}`;
      if (one.status !== "succeeded") return [`${name} failed: ${one.failure_reason}`];
      if (!eventIds.has(one.trigger_instance))
        return [`${name} names event ${one.trigger_instance}, which is not there`];
      if (!execution) return [`${name} names execution ${one.execution}, which is not there`];
      const same = execution.rule === one.rule_ref && execution.trigger_instance === one.trigger_instance;
      return same ? [] : [`${name} and its execution ${execution.id} do not name the same rule and event`];
    }),
    ...executions.flatMap((one) => {
      const count = enforced.get(one.id)?.length ?? 0;
      return count === (one.rule === null ? 0 : 1) ? [] : [`execution ${one.id} has ${count} enforcements`];
    }),
    ...events.filter((one) => one.status !== "processed").map((one) => `event ${one.id} is ${one.status}`),
  ];
}

/** Each webhook is one event with what the rules make of it, or, where nothing was promised, nothing at all. */
export function auditWebhooks(books: Books, { webhooks }: Ledger): string[] {
  const hooks = books.events.filter((one) => isObject(one.payload.body) && "mark" in one.payload.body);
  const events = Map.groupBy(hooks, (one) => (isObject(one.payload.body) ? String(one.payload.body.mark) : ""));
  const enforcements = Map.groupBy(books.enforcements, (one) => one.trigger_instance);
  const executions = Map.groupBy(books.executions, (one) => one.trigger_instance ?? "");
  const problems = [...events.keys()]
    .filter((mark) => !webhooks.has(mark))
    .map((mark) => `webhook ${mark} was never sent to ${HOOK}`);
  for (const [mark, sent] of webhooks) {
    const found = events.get(mark) ?? [];
    if (found.length > 1 || (sent.acknowledged && found.length === 0)) {
      problems.push(`webhook ${mark} (acknowledged: ${sent.acknowledged}) is there ${found.length} times`);
    }
    const rules = sorted(sent.wishes.map((wish) => `chaos.${wish}`));
    for (const { id } of found) {
      const fired = sorted((enforcements.get(id) ?? []).map((one) => one.rule_ref));
      const ran = sorted((executions.get(id) ?? []).map((one) => one.rule ?? ""));
      if (fired !== rules) problems.push(`webhook ${mark} fired [${fired}], not [${rules}]`);
      if (ran !== rules) problems.push(`webhook ${mark} ran [${ran}], not [${rules}]`);
    }
  }
  return problems;
}
