import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBare } from "./cluster/bare.ts";
import { type Counts, type Observer, observe } from "./cluster/counters.ts";
import { ALL, type Processes, startProcesses } from "./cluster/processes.ts";
import { startServices } from "./cluster/services.ts";
import { load, percentile, requestBytes } from "./loop/load.ts";

/*
 * The loop through many processes: `POST /v1/webhooks/<url>` -> rule -> execution of core.noop completed, on a PostgreSQL
 * server (fsync on, as it is by default) and a nats-server that are started for it, all on this machine. For each form, which is
 * a number of processes and their roles: how many a second, how long each step took, whose processor time it was, and
 * what one execution costs the database. Beside it, in the same database and right after it, what PostgreSQL alone makes
 * of the same rows. And workflows of ten tasks that do nothing.
 *
 * "end to end" counts from the first POST until nothing waits or runs. Times of executions are from their logs, which are
 * written before the commit of what they say: a claim's latency begins with `requested` and ends where its worker asked.
 * Not measured: other machines, a network, TLS, a standby that has to confirm.
 * Options through the environment: REQUESTS (default 8,000 per form), WORKFLOWS (200; 0 for none), FORMS (a,b,c), CONNECTIONS
 * (50), ALONE (requests one at a time, 200), DEAREST (that many of the database's dearest statements, 0), PROFILE (a folder for CPU profiles), BARE=no.
 */
const REQUESTS = Number(process.env.REQUESTS ?? 8_000);
const WORKFLOWS = Number(process.env.WORKFLOWS ?? 200);
const ALONE = Number(process.env.ALONE ?? 200);
const CONNECTIONS = Number(process.env.CONNECTIONS ?? 50);
const DEAREST = Number(process.env.DEAREST ?? 0);
const TASKS = 10;
const FORMS: Readonly<Record<string, readonly string[]>> = {
  a: [ALL],
  b: ["api", "engine", "worker", "sources"],
  c: ["api", "api", "engine", "worker", "worker"],
};
const BODY = {
  receiver: "squall",
  status: "firing",
  alerts: [
    {
      status: "firing",
      labels: { alertname: "DiskFull", instance: "compute-17:9100" },
      startsAt: "2026-01-01T00:00:00Z",
    },
  ],
  groupLabels: { alertname: "DiskFull" },
  n: "00000000",
};

const rows: Record<string, string>[] = [];
const say = (text: string) => console.log(`   ${text}`);
const ms = (value: number) => `${value.toFixed(1)} ms`;
const both = (values: readonly number[]) => {
  const all = Float64Array.from(values);
  return `p50 ${ms(percentile(all, 0.5))} p99 ${ms(percentile(all, 0.99))}`;
};
const now = () => performance.timeOrigin + performance.now();

/** Sends `count` webhooks over so many connections; when each was sent, in milliseconds since 1970, and how long its answer took. */
async function post(processes: Processes, count: number, connections: number, first = 0) {
  const bytes = requestBytes("POST", "/v1/webhooks/bench", { "st2-api-key": processes.apiKey }, BODY);
  const at = bytes.indexOf('"00000000"') + 1;
  const sent = new Float64Array(first + count);
  const { ports } = processes;
  const share = (n: number) => Math.floor((count * (n + 1)) / ports.length) - Math.floor((count * n) / ports.length);
  let next = first;
  const results = await Promise.all(
    ports.map((port, n) =>
      load({ port, connections: Math.ceil(connections / ports.length), requests: share(n), wanted: 202 }, () => {
        const number = next++;
        const own = Buffer.from(bytes);
        own.write(String(number).padStart(8, "0"), at, "latin1");
        sent[number] = now();
        return own;
      }),
    ),
  );
  const wrong = results.flatMap((one) => [...one.wrong]);
  if (wrong.length > 0) throw new Error(`wrong answers: ${JSON.stringify(wrong)}`);
  return { sent, answers: results.flatMap((one) => [...one.latencies]) };
}

async function webhooks(processes: Processes, observer: Observer) {
  await post(processes, Math.min(REQUESTS, 2_000), CONNECTIONS); // warm
  await observer.idle();

  const aloneSince = now() * 1000;
  const sentAlone = new Float64Array(ALONE);
  const answersAlone: number[] = [];
  for (let n = 0; n < ALONE; n++) {
    const one = await post(processes, 1, 1, n);
    sentAlone[n] = one.sent[n] ?? Number.NaN;
    answersAlone.push(...one.answers);
    await observer.idle();
  }
  const aloneLives = await observer.lives("core.noop", aloneSince);

  const before: Usage = { cpu: processes.cpu(), counts: await observer.counts() };
  const since = now() * 1000;
  const began = performance.now();
  const { sent, answers } = await post(processes, REQUESTS, CONNECTIONS);
  const answered = performance.now() - began;
  await observer.idle();
  const total = performance.now() - began;
  const after: Usage = { cpu: processes.cpu(), counts: await observer.counts() };
  const lives = await observer.lives("core.noop", since);
  if (lives.length !== REQUESTS) throw new Error(`${lives.length} of ${REQUESTS} executions are there`);
  const perSecond = (REQUESTS / total) * 1000;

  const claims = (all: typeof lives) => both(all.map((one) => (one.running - one.requested) / 1000));
  const wholes = (all: typeof lives, from: Float64Array) =>
    both(all.map((one) => one.ended / 1000 - (from[one.n] ?? Number.NaN)));
  say(
    `end to end ${Math.round(perSecond)}/s (answered ${Math.round((REQUESTS / answered) * 1000)}/s), ${CONNECTIONS} connections`,
  );
  say(`under load: request to answer ${both(answers)}; to completion ${wholes(lives, sent)}; claim ${claims(lives)}`);
  say(
    `one at a time: request to answer ${both(answersAlone)}; to completion ${wholes(aloneLives, sentAlone)}; claim ${claims(aloneLives)}`,
  );
  say(processors(before, after, total, REQUESTS));
  const per = perExecution(before.counts, after.counts, REQUESTS);
  say(
    `database, per execution: ${per.transactions.toFixed(2)} transactions, ${per.syncs.toFixed(2)} syncs, ${Math.round(per.walBytes)} bytes of WAL`,
  );
  return { perSecond, total, claim: claims(aloneLives), transactions: per.transactions };
}

/** With every statement counted, which costs time: beside what is timed. */
async function statements(processes: Processes, observer: Observer) {
  const count = Math.min(REQUESTS, 2_000);
  await observer.counting(true);
  const before = await observer.counts();
  await post(processes, count, CONNECTIONS);
  await observer.idle();
  const per = perExecution(before, await observer.counts(), count);
  const dearest = await observer.dearest(DEAREST);
  await observer.counting(false);
  if (!Number.isNaN(per.statements)) {
    say(
      `counted beside: ${per.statements.toFixed(2)} statements in ${per.roundTrips.toFixed(2)} round trips per execution`,
    );
  }
  for (const line of dearest) say(line);
}

async function workflows(processes: Processes, observer: Observer) {
  const body = { action: "bench.sequence", parameters: {} };
  const request = requestBytes("POST", "/v1/executions", { "st2-api-key": processes.apiKey }, body);
  const run = async (count: number, connections: number) => {
    const began = performance.now();
    const result = await load({ port: processes.ports[0] ?? 0, connections, requests: count, wanted: 201 }, request);
    if (result.wrong.size > 0) throw new Error(`wrong answers: ${JSON.stringify([...result.wrong])}`);
    await observer.idle();
    return performance.now() - began;
  };
  await run(Math.min(WORKFLOWS, 40), CONNECTIONS); // warm
  const failed = await processes.api<{ id: string; result?: unknown }[]>(
    "GET",
    "/executions?action=bench.sequence&status=failed&limit=1",
  );
  if (failed.json.length > 0) throw new Error(`a workflow failed: ${JSON.stringify(failed.json[0]?.result)}`);
  const alone: number[] = [];
  for (let n = 0; n < 10; n++) alone.push(await run(1, 1));
  const before: Usage = { cpu: processes.cpu(), counts: await observer.counts() };
  const total = await run(WORKFLOWS, CONNECTIONS);
  const after: Usage = { cpu: processes.cpu(), counts: await observer.counts() };
  await observer.counting(true);
  const countedBefore = await observer.counts();
  await run(Math.ceil(WORKFLOWS / 4), CONNECTIONS);
  const counted = perExecution(countedBefore, await observer.counts(), Math.ceil(WORKFLOWS / 4) * (TASKS + 1));
  const dearest = await observer.dearest(DEAREST);
  await observer.counting(false);
  const perSecond = (WORKFLOWS / total) * 1000;
  const per = perExecution(before.counts, after.counts, WORKFLOWS * (TASKS + 1));
  say(
    `workflows of ${TASKS} tasks: ${perSecond.toFixed(1)}/s, that is ${Math.round(perSecond * TASKS)} tasks/s; one alone ${both(alone)}`,
  );
  say(processors(before, after, total, WORKFLOWS * (TASKS + 1)));
  say(
    `database, per execution: ${per.transactions.toFixed(2)} transactions, ${per.syncs.toFixed(2)} syncs, ${Math.round(per.walBytes)} bytes of WAL`,
  );
  if (!Number.isNaN(counted.statements)) {
    say(
      `counted beside: ${counted.statements.toFixed(2)} statements in ${counted.roundTrips.toFixed(2)} round trips per execution`,
    );
  }
  for (const line of dearest) say(line);
  return perSecond;
}

interface Usage {
  readonly cpu: ReadonlyMap<string, number>;
  readonly counts: Counts;
}

/** Whose processor time went into one execution, and how busy that made each. */
function processors(before: Usage, after: Usage, ms: number, executions: number): string {
  let sum = 0;
  const each = [...after.cpu].map(([name, seconds]) => {
    const used = (seconds - (before.cpu.get(name) ?? 0)) * 1000;
    sum += used;
    return `${name} ${((used / executions) * 1000).toFixed(0)} µs (${((used / ms) * 100).toFixed(0)} %)`;
  });
  return `processor time per execution: ${each.join(", ")}; in all ${((sum / executions) * 1000).toFixed(0)} µs`;
}

function perExecution(before: Counts, after: Counts, executions: number): Counts {
  const per = (pick: (counts: Counts) => number) => (pick(after) - pick(before)) / executions;
  return {
    roundTrips: per((one) => one.roundTrips),
    statements: per((one) => one.statements),
    transactions: per((one) => one.transactions),
    walBytes: per((one) => one.walBytes),
    syncs: per((one) => one.syncs),
  };
}

/** A pack with the rule and the workflow, registered in one go as an operator would. */
async function registerContent(processes: Processes, folder: string): Promise<void> {
  const pack = join(folder, "bench");
  mkdirSync(join(pack, "rules"), { recursive: true });
  mkdirSync(join(pack, "actions", "workflows"), { recursive: true });
  const write = (path: string, content: unknown) => writeFileSync(join(pack, path), JSON.stringify(content));
  write("pack.yaml", { name: "bench", description: "b", version: "1.0.0", author: "bench", email: "b@example.com" });
  write("rules/one.yaml", {
    name: "one",
    pack: "bench",
    enabled: true,
    trigger: { type: "core.st2.webhook", parameters: { url: "bench" } },
    criteria: { "trigger.body.groupLabels.alertname": { type: "eq", pattern: "DiskFull" } },
    action: { ref: "core.noop", parameters: {} },
  });
  write("actions/sequence.yaml", {
    name: "sequence",
    runner_type: "orquesta",
    entry_point: "workflows/sequence.yaml",
    enabled: true,
  });
  const tasks = Array.from({ length: TASKS }, (_, n): [string, object] => [
    `t${n}`,
    { action: "core.noop", ...(n + 1 < TASKS && { next: [{ when: "<% succeeded() %>", do: `t${n + 1}` }] }) },
  ]);
  write("actions/workflows/sequence.yaml", { version: 1, tasks: Object.fromEntries(tasks) });
  await processes.api("POST", "/packs/register", { paths: [pack] });
}

// Definitions of workflows are read from it as long as they run.
const folder = mkdtempSync(join(tmpdir(), "squall-bench-pack-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const asked = (process.env.FORMS ?? Object.keys(FORMS).join(",")).split(",");
for (const form of asked) {
  const roles = FORMS[form];
  if (roles === undefined) throw new Error(`there is no form ${form}; there are ${Object.keys(FORMS).join(", ")}`);
  console.log(`\n(${form}) ${roles.map((one) => (one === ALL ? "one process with all roles" : one)).join(" + ")}`);
  await using services = await startServices();
  await using observer = await observe(services.store);
  const row: Record<string, string> = { form: `(${form}) ${roles.length} process${roles.length > 1 ? "es" : ""}` };
  let size = 0;
  {
    await using processes = await startProcesses(services, roles);
    await registerContent(processes, folder);
    const result = await webhooks(processes, observer);
    row.webhooks = `${Math.round(result.perSecond)}/s (wanted: 1,500)`;
    row["claim alone"] = `${result.claim} (wanted: p50 10 ms)`;
    size = Math.max(1, Math.round(2 / result.transactions));
    await statements(processes, observer);
    if (WORKFLOWS > 0) row.workflows = `${(await workflows(processes, observer)).toFixed(1)}/s`;
  }
  if (process.env.BARE !== "no") {
    const bare = await createBare(services.store, observer.client);
    await bare.batches(500, size); // warm
    const batches = await bare.batches(REQUESTS, size);
    const clients = bare.pgbench(16, 4);
    row["PostgreSQL alone"] =
      `${Math.round(batches)}/s in batches of ${size}; pgbench, 16 clients: ${Math.round(clients ?? Number.NaN)}/s`;
    row.ratio = `${((Number.parseInt(row.webhooks, 10) / batches) * 100).toFixed(0)} %`;
    say(`the same rows by PostgreSQL alone: ${row["PostgreSQL alone"]}; Squall is at ${row.ratio} of the batches`);
  }
  rows.push(row);
}
console.log("");
console.table(rows);
