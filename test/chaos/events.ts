import type { ExecutionStatus, JsonObject, Micros } from "@squall/model";
import type { Sent } from "./ledger.ts";

/** What was read of a store's events, of what the rules made of them, and of what ran. */
export interface EventBooks {
  readonly events: readonly EventRow[];
  readonly enforcements: readonly EnforcementRow[];
  readonly executions: readonly {
    readonly id: string;
    readonly status: ExecutionStatus;
    readonly rule: string | null;
    readonly trigger_instance: string | null;
  }[];
}

export interface EventRow {
  readonly id: string;
  readonly trigger: string;
  readonly trigger_type: string;
  readonly status: string;
  readonly occurrence_time: Micros;
  readonly payload: JsonObject;
}

export interface EnforcementRow {
  readonly id: string;
  readonly rule_ref: string;
  readonly trigger_instance: string;
  readonly execution: string | null;
  readonly status: string;
  readonly failure_reason: string | null;
}

/**
 * A rule fires at most once for an event, an enforcement and its execution are nothing without each other, and in the end every
 * event has been acted on.
 */
export function auditEnforcements({ enforcements, events, executions }: EventBooks): string[] {
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

/** Each webhook, by its mark, is one event with what the rules make of it, or, where nothing was promised, nothing at all. */
export function auditWebhooks<S extends Sent>(
  books: EventBooks,
  hook: string,
  webhooks: ReadonlyMap<string, S>,
  rulesOf: (sent: S) => readonly string[],
): string[] {
  const hooks = books.events.filter((one) => isObject(one.payload.body) && "mark" in one.payload.body);
  const events = Map.groupBy(hooks, (one) => (isObject(one.payload.body) ? String(one.payload.body.mark) : ""));
  const enforcements = Map.groupBy(books.enforcements, (one) => one.trigger_instance);
  const executions = Map.groupBy(books.executions, (one) => one.trigger_instance ?? "");
  const problems = [...events.keys()]
    .filter((mark) => !webhooks.has(mark))
    .map((mark) => `webhook ${mark} was never sent to ${hook}`);
  for (const [mark, sent] of webhooks) {
    const found = events.get(mark) ?? [];
    if (found.length > 1 || (sent.acknowledged && found.length === 0)) {
      problems.push(`webhook ${mark} (acknowledged: ${sent.acknowledged}) is there ${found.length} times`);
    }
    const rules = sorted(rulesOf(sent));
    for (const { id } of found) {
      const fired = sorted((enforcements.get(id) ?? []).map((one) => one.rule_ref));
      const ran = sorted((executions.get(id) ?? []).map((one) => one.rule ?? ""));
      if (fired !== rules) problems.push(`webhook ${mark} fired [${fired}], not [${rules}]`);
      if (ran !== rules) problems.push(`webhook ${mark} ran [${ran}], not [${rules}]`);
    }
  }
  return problems;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Names that more than one row has. */
export function twice<T>(rows: readonly T[], nameOf: (row: T) => string): string[] {
  return [...Map.groupBy(rows, nameOf)].filter(([, group]) => group.length > 1).map(([name]) => name);
}

export function sorted(names: Iterable<string>): string {
  return [...names].toSorted().join();
}
