import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type pg from "pg";
import { postgresFolders } from "./services.ts";

/**
 * What PostgreSQL alone makes of the same rows: event, enforcement and execution inserted in one transaction, the execution
 * brought to its end in a second one. The tables and indexes are Squall's own, of the database that was measured, and so are the
 * contents of the rows.
 */
export interface Bare {
  /** Row sets a second, `size` of them in each transaction, one connection: how Squall's groups arrive. */
  batches(sets: number, size: number): Promise<number>;
  /** Row sets a second, one in each transaction, from as many connections, by pgbench; undefined where that is not installed. */
  pgbench(clients: number, seconds: number): number | undefined;
}

const INSERT = ["event", "enforcement", "execution"] as const;

export async function createBare(url: string, client: pg.Client): Promise<Bare> {
  await client.query(
    `create unlogged table bare_sample as select to_jsonb(v) as event, to_jsonb(f) as enforcement,
      to_jsonb(e) || jsonb_build_object('status', 'running', 'worker', 'w', 'result', null, 'ended', null, 'log', e.log - -1) as execution
    from (select * from every_execution where action = 'core.noop' and trigger_instance is not null limit 1) e
      join event v on v.id = e.trigger_instance join enforcement f on f.execution = e.id limit 1`,
  );
  type Sample = Record<(typeof INSERT)[number], Record<string, unknown>>;
  const { rows } = await client.query<Sample>("select * from bare_sample");
  const sample = rows[0];
  if (sample === undefined) throw new Error("there is no execution to take as a sample");
  const result = JSON.stringify({ failed: false, succeeded: true, return_code: 0 });
  let made = 0;
  const aSet = () => {
    const id = `e${(++made).toString(16).padStart(23, "0")}`;
    return {
      event: { ...sample.event, id },
      enforcement: { ...sample.enforcement, id, trigger_instance: id, execution: id },
      execution: { ...sample.execution, id, trigger_instance: id },
    };
  };
  const update = `update execution set status = 'succeeded', worker = null, ended = $1::bigint, result = $2,
    log = log || jsonb_build_array(jsonb_build_object('status', 'succeeded', 'timestamp', $1::bigint))
    where project = 'default' and id`;
  return {
    async batches(sets, size) {
      const began = performance.now();
      for (let n = 0; n < sets; n += size) {
        const group = Array.from({ length: size }, aSet);
        await client.query("begin");
        for (const table of INSERT) {
          await client.query({
            name: `bare-${table}`,
            text: `insert into ${table} select * from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
            values: [JSON.stringify(group.map((one) => one[table]))],
          });
        }
        await client.query("commit");
        const ids = group.map((one) => one.execution.id);
        await client.query({
          name: "bare-end",
          text: `${update} = any($3::text[])`,
          values: [Date.now() * 1000, result, ids],
        });
      }
      return (sets / (performance.now() - began)) * 1000;
    },
    pgbench(clients, seconds) {
      const places = [...(process.env.PATH ?? "").split(delimiter), ...postgresFolders()];
      const folder = places.find((one) => existsSync(join(one, "pgbench")));
      if (folder === undefined) return undefined;
      const scratch = mkdtempSync(join(tmpdir(), "squall-bench-pgbench-"));
      try {
        const id = "lpad(to_hex(:a * 1000000000000 + :b), 24, 'f')";
        // pgbench replaces what follows a colon, so the rows of JSON are in the database.
        const file = join(scratch, "script.sql");
        const insert = (table: string, ids: readonly string[]) =>
          `insert into ${table} select * from jsonb_populate_record(null::${table}, (select r.${table} from bare_sample r) || ` +
          `jsonb_build_object(${ids.map((name) => `'${name}', ${id}`).join(", ")}));`;
        writeFileSync(
          file,
          [
            "\\set a random(0, 1000000)",
            "\\set b random(0, 999999999999)",
            "begin;",
            insert("event", ["id"]),
            insert("enforcement", ["id", "trigger_instance", "execution"]),
            insert("execution", ["id", "trigger_instance"]),
            "commit;",
            `${update.replaceAll("$1::bigint", "1").replace("$2", "'{}'").replaceAll("\n", " ")} = ${id};`,
          ].join("\n"),
        );
        const said = execFileSync(
          join(folder, "pgbench"),
          ["-n", "-M", "prepared", "-c", String(clients), "-j", "2", "-T", String(seconds), "-f", file, url],
          { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
        );
        return Number(/tps = ([\d.]+) \(without/.exec(said)?.[1]);
      } finally {
        rmSync(scratch, { recursive: true });
      }
    },
  };
}
