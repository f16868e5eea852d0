import type { ExecutionStatus, JsonObject, Micros } from "@squall/model";
import pg from "pg";
import { type EnforcementRow, type EventRow, isObject } from "../../events.ts";

/** The tables of a stopped cluster, read without its code, so that the code cannot hide from its own mistakes. */
export interface Books {
  readonly executions: readonly ExecutionRow[];
  readonly events: readonly EventRow[];
  readonly enforcements: readonly EnforcementRow[];
  readonly steps: readonly { readonly execution: string; readonly count: number; readonly last: number }[];
  readonly keys: readonly { readonly name: string; readonly value: string; readonly version: number }[];
  readonly timers: readonly { readonly trigger: string; readonly last: number }[];
  readonly rules: readonly { readonly id: string; readonly ref: string; readonly trigger: string }[];
  readonly triggers: readonly { readonly id: string; readonly ref: string }[];
  readonly snapshots: ReadonlySet<string>;
  /** What must be empty once every member has left, by table. */
  readonly left: Readonly<Record<string, number>>;
}

export interface ExecutionRow {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly action: string;
  readonly runner: string;
  readonly rule: string | null;
  readonly trigger_instance: string | null;
  readonly parent: string | null;
  readonly due: Micros;
  readonly ended: Micros | null;
  readonly worker: string | null;
  readonly snapshot: string;
  readonly log: readonly { readonly status: ExecutionStatus; readonly timestamp: Micros }[];
  readonly parameters: JsonObject;
  readonly result: JsonObject | null;
}

/** Tables of a cluster that hold something only while members work. */
const PASSING = ["member", "singleton", "told"];

export async function readBooks(url: string): Promise<Books> {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, Number);
  const client = new pg.Client({ connectionString: url, types });
  await client.connect();
  try {
    // Casts: the columns are those of the store's schema; where it changes, this test has to.
    const all = async <T>(sql: string) => (await client.query(sql)).rows as T[];
    const parsed = <T>(rows: Record<string, unknown>[], columns: readonly string[]): T[] =>
      rows.map((row) => {
        const read = columns.map((name): [string, unknown] => {
          const text = row[name];
          return [name, typeof text === "string" ? JSON.parse(text) : text];
        });
        return { ...row, ...Object.fromEntries(read) } as T;
      });
    const refs = (kind: string, more = "") => `select id, ref${more} from resource where kind = '${kind}' order by ref`;
    const left: Record<string, number> = {};
    for (const table of PASSING) {
      const [there] = await all<{ name: string | null }>(`select to_regclass('${table}')::text as name`);
      if (!there?.name) continue;
      left[table] = (await all<{ count: number }>(`select count(*) as count from ${table}`))[0]?.count ?? 0;
    }
    const executions = `select id, status, action, runner, rule, trigger_instance, parent, due, ended, worker, snapshot,
      log, parameters, result from every_execution order by id`;
    return {
      executions: parsed(await all(executions), ["log", "parameters", "result"]),
      events: parsed(
        await all(
          "select id, trigger, trigger_type, status, occurrence_time, payload from event order by occurrence_time, id",
        ),
        ["payload"],
      ),
      enforcements: await all(
        "select id, rule_ref, trigger_instance, execution, status, failure_reason from enforcement",
      ),
      steps: await all("select execution, count(*) as count, max(seq) as last from workflow_step group by execution"),
      keys: parsed(await all("select name, value, version from key"), ["value"]),
      timers: await all("select trigger, last from timer"),
      rules: await all(refs("rule", ", body::jsonb -> 'trigger' ->> 'ref' as trigger")),
      triggers: await all(refs("trigger")),
      snapshots: new Set((await all<{ digest: string }>("select digest from snapshot")).map(({ digest }) => digest)),
      left,
    };
  } finally {
    await client.end();
  }
}

/** The mark that the load gave an execution: in its own parameters, or in those of what asked for it. */
export function markOf({ parameters }: Pick<ExecutionRow, "parameters">): string | undefined {
  const { mark, message, route } = parameters;
  if (typeof mark === "string") return mark;
  if (isObject(message) && typeof message.mark === "string") return message.mark;
  return typeof route === "string" ? route : undefined;
}
