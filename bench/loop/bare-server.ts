import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { createIds, microsNow } from "@squall/model";

/*
 * The bare limit of the loop: an HTTP server that parses the body and writes the same rows with the same durability,
 * grouped in the same way (all that came in one turn), answers after the first commit and writes the end in a second
 * one. No rules, templates, validation, sign-in, bus, or anything that makes it a product.
 *
 * The schema is Squall's own: argument 1 is a database that a Squall server made.
 */
const db = new DatabaseSync(process.argv[2] as string);
db.exec(
  "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -16384; pragma wal_autocheckpoint = 2000",
);
const ids = createIds();
const insertEvent = db.prepare(
  "insert into event (project, id, trigger, trigger_type, status, occurrence_time, payload) values ('default', ?, 'core.t', 'core.st2.webhook', 'processed', ?, ?)",
);
const insertEnforcement = db.prepare(
  "insert into enforcement (project, id, rule_id, rule_ref, rule_uid, trigger_instance, execution, enforced_at, status) values ('default', ?, 'r', 'bench.r', 'rule:bench:r', ?, ?, ?, 'succeeded')",
);
const insertExecution = db.prepare(
  `insert into execution (project, id, status, action, runner, lane, start, due, created, rule, trigger, trigger_type, trigger_instance,
    user, liveaction, snapshot, worker, log, context, parameters)
   values ('default', ?, 'running', 'core.noop', 'noop', 'inline', ?, ?, ?, 'bench.r', 'core.t', 'core.st2.webhook', ?,
    'stanley', ?, 's', 'w', ?, ?, '{}')`,
);
const finish = db.prepare(
  `update execution set status = 'succeeded', log = json_insert(log, '$[#]', json(?)), worker = null, ended = ?,
    result = ? where project = 'default' and id = ? and status in ('running') and worker = 'w'`,
);

let queue: (() => () => void)[] = [];
function write(job: () => () => void): void {
  if (queue.push(job) > 1) return;
  setImmediate(() => {
    const jobs = queue;
    queue = [];
    db.exec("begin immediate");
    const after = jobs.map((one) => one());
    db.exec("commit");
    for (const one of after) one();
  });
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    const payload = JSON.stringify({ headers: request.headers, headers_lower: request.headers, body });
    write(() => {
      const now = microsNow();
      const event = ids();
      const execution = ids();
      insertEvent.run(event, now, payload);
      insertEnforcement.run(ids(), event, execution, now);
      const log = JSON.stringify(["requested", "scheduled", "running"].map((status) => ({ status, timestamp: now })));
      const context = JSON.stringify({
        trigger_instance: { id: event },
        rule: { ref: "bench.r" },
        user: "stanley",
        pack: "bench",
      });
      insertExecution.run(execution, now, now, now, event, ids(), log, context);
      return () => {
        response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify(body));
        write(() => {
          const end = microsNow();
          finish.run(
            JSON.stringify({ status: "succeeded", timestamp: end }),
            end,
            '{"failed":false,"succeeded":true,"return_code":0}',
            execution,
          );
          return () => undefined;
        });
      };
    });
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" ? address?.port : ""}\n`);
});
