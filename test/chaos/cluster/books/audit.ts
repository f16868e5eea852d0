import { auditEnforcements, auditWebhooks } from "../../events.ts";
import { HOOK } from "../content.ts";
import type { Life } from "../members.ts";
import type { Ledger } from "../ledger.ts";
import type { Books } from "./books.ts";
import { auditAbandoned, auditExecutions, auditRequests, auditRuns } from "./executions.ts";
import { auditContent, auditKeys } from "./content.ts";
import { auditSensor, auditTimers } from "./sources.ts";
import { auditWorkflows } from "./workflows.ts";

/** What the world outside says: the lines of processes that ran, and of the sensor. */
export interface Witnesses {
  readonly ran: readonly string[];
  readonly sensed: readonly string[];
  /** Every process that was a member, with what was done to it. */
  readonly lives: readonly Life[];
  /** Members by their id, as they were seen in the database. */
  readonly members: ReadonlyMap<string, { readonly pid: number }>;
}

/** Everything that is wrong with the books, given what was promised. */
export function audit(books: Books, ledger: Ledger, witnesses: Witnesses): string[] {
  return [
    ...Object.entries(books.left)
      .filter(([, count]) => count > 0)
      .map(([table, count]) => `${count} rows are left in ${table}`),
    ...auditExecutions(books),
    ...auditAbandoned(books, witnesses),
    ...auditRequests(books, ledger),
    ...auditRuns(books, witnesses.ran),
    ...auditEnforcements(books),
    ...auditWebhooks(books, HOOK, ledger.webhooks, ({ wishes }) => wishes.map((wish) => `chaos.${wish}`)),
    ...auditWorkflows(books),
    ...auditTimers(books),
    ...auditSensor(books, witnesses.sensed),
    ...auditKeys(books, ledger),
    ...auditContent(books, ledger),
    ...ledger.strange.map((what) => `a client was told: ${what}`),
  ];
}
