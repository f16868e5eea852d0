import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadResult, load, percentile, requestBytes } from "./loop/load.ts";
import { type Squall, startSquall } from "./loop/squall.ts";

/*
 * The whole loop over real sockets: `POST /v1/webhooks/<url>` -> rule -> execution of core.noop completed. Server, load
 * and database share this machine; the server is one process, durable before the answer.
 *
 * "end to end" counts from the first POST until the last execution is completed. Not measured: other machines, TLS, a
 * disk with slower syncs than this one's, rules with templates that read the datastore.
 * On PostgreSQL: SQUALL_STORE=postgres://... PARTS=webhooks, an empty database, which then holds what was measured.
 * Options through the environment: REQUESTS (default 20,000 per row), HISTORY (100,000), PARTS (webhooks,commands,history).
 */
const REQUESTS = Number(process.env.REQUESTS ?? 20_000);
const HISTORY = Number(process.env.HISTORY ?? 100_000);
const CONNECTIONS = 50;
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
  n: 1,
};

const rows: Record<string, string>[] = [];
const note = (row: Record<string, string>) => {
  rows.push(row);
  console.log(Object.values(row).join("  "));
};
const rate = (value: number) => `${Math.round(value).toLocaleString("en-US")}/s`;
const ms = (value: number) => `${value.toFixed(1)} ms`;

const completed = async (squall: Squall): Promise<number> =>
  Number(
    (await squall.api("GET", "/executions?limit=1&status=succeeded&include_attributes=id")).headers.get(
      "x-total-count",
    ),
  );

/** POSTs, then waits until the executions are completed. */
async function drive(squall: Squall, url: string, requests: number, perEvent = 1, connections = CONNECTIONS) {
  const before = await completed(squall);
  const began = performance.now();
  const request = requestBytes("POST", `/v1/webhooks/${url}`, { "st2-api-key": squall.apiKey }, BODY);
  const result: LoadResult = await load({ port: squall.port, connections, requests, wanted: 202 }, request);
  if (result.wrong.size > 0) throw new Error(`wrong answers: ${JSON.stringify([...result.wrong])}`);
  while ((await completed(squall)) < before + requests * perEvent) {
    /* each look is a request, so this does not spin */
  }
  const total = performance.now() - began;
  return { events: (requests / total) * 1000, executions: ((requests * perEvent) / total) * 1000, result };
}

function aRule(name: string, url: string, host: string) {
  return {
    name,
    pack: "bench",
    enabled: true,
    trigger: { type: "core.st2.webhook", parameters: { url } },
    criteria: { "trigger.body.groupLabels.alertname": { type: "eq", pattern: host } },
    action: { ref: "core.noop", parameters: {} },
  };
}

/** A pack of rules on disk, registered in one go as an operator would. */
async function registerRules(squall: Squall, rules: readonly ReturnType<typeof aRule>[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "squall-bench-pack-"));
  try {
    const pack = join(folder, "bench");
    mkdirSync(join(pack, "rules"), { recursive: true });
    writeFileSync(
      join(pack, "pack.yaml"),
      "name: bench\ndescription: rules\nversion: 1.0.0\nauthor: bench\nemail: bench@example.com\n",
    );
    for (const rule of rules) writeFileSync(join(pack, "rules", `${rule.name}.yaml`), JSON.stringify(rule));
    await squall.api("POST", "/packs/register", { paths: [pack] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function webhooks() {
  await using squall = await startSquall();
  await registerRules(squall, [
    aRule("one", "one", "DiskFull"),
    ...[1, 2, 3].map((n) => aRule(`three_${n}`, "three", "DiskFull")),
    ...[1, 2, 3].map((n) => aRule(`many_${n}`, "many", "DiskFull")),
    ...Array.from({ length: 9_997 }, (_, n) => aRule(`other_${n}`, "many", `Other${n}`)),
  ]);
  await drive(squall, "one", Math.min(REQUESTS, 5000)); // warm
  const one = await drive(squall, "one", REQUESTS);
  note({
    what: `webhook -> rule -> noop, ${CONNECTIONS} connections`,
    rate: rate(one.events),
    more: `POST p50 ${ms(percentile(one.result.latencies, 0.5))} p99 ${ms(percentile(one.result.latencies, 0.99))}`,
    target: "3,000/s, p99 60 ms",
  });
  // The bare limit is that of the database file.
  if (process.env.SQUALL_STORE === undefined) {
    const bare = await bareLimit(squall);
    note({
      what: "bare limit: same rows, same grouping, bare HTTP server",
      rate: rate(bare.rate),
      more: `POST p99 ${ms(bare.p99)}; Squall is at ${((one.events / bare.rate) * 100).toFixed(0)} % of it`,
      target: "(ratio printed)",
    });
  }
  const three = await drive(squall, "three", REQUESTS / 2, 3);
  const many = await drive(squall, "many", REQUESTS / 2, 3);
  note({
    what: "3 rules, 3 match: three executions an event",
    rate: `${rate(three.events)} events`,
    more: `${rate(three.executions)} executions`,
    target: "",
  });
  note({
    what: "10,000 rules, 3 match: three executions an event",
    rate: `${rate(many.events)} events`,
    more: `${rate(many.executions)} executions; ${((many.events / three.events) * 100).toFixed(0)} % of the events of 3 rules, ${((many.events / one.events) * 100).toFixed(0)} % of the events and ${((many.executions / one.events) * 100).toFixed(0)} % of the executions of 1 rule`,
    target: "80 %",
  });
  await single(squall);
}

/** One at a time: from before the POST is sent until the execution's own end. Both clocks are this machine's. */
async function single(squall: Squall) {
  const finished: number[] = [];
  for (let n = 0; n < 300; n++) {
    const sent = performance.timeOrigin + performance.now();
    await fetch(`http://127.0.0.1:${squall.port}/v1/webhooks/one`, {
      method: "POST",
      headers: { "st2-api-key": squall.apiKey, "content-type": "application/json" },
      body: JSON.stringify(BODY),
    });
    const { json } = await squall.api<{ end_timestamp?: string }[]>(
      "GET",
      "/executions?limit=1&include_attributes=end_timestamp",
    );
    const end = json[0]?.end_timestamp;
    // The end's microseconds; Date has only milliseconds.
    if (end) finished.push(Date.parse(end) + Number(end.slice(23, 26)) / 1000 - sent);
  }
  const values = Float64Array.from(finished);
  note({
    what: `one at a time: POST sent -> execution finished (${finished.length} of 300 were finished when looked at)`,
    rate: `p50 ${ms(percentile(values, 0.5))}`,
    more: `p99 ${ms(percentile(values, 0.99))}`,
    target: "p50 5 ms",
  });
}

async function bareLimit(squall: Squall) {
  const folder = mkdtempSync(join(tmpdir(), "squall-bench-bare-"));
  const file = join(folder, "bare.db");
  // Squall's own schema, from its own file; the copy is taken while nothing is written.
  for (const end of ["", "-wal"]) cpSync(join(squall.directory, `squall.db${end}`), file + end);
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "loop/bare-server.ts"), file],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    const port = Number(await new Promise<Buffer>((resolve) => child.stdout.once("data", resolve)));
    const request = requestBytes("POST", "/", { "st2-api-key": squall.apiKey }, BODY);
    const options = { port, connections: CONNECTIONS, wanted: 202 };
    await load({ ...options, requests: 3000 }, request);
    const result = await load({ ...options, requests: REQUESTS }, request);
    return { rate: (REQUESTS / result.ms) * 1000, p99: percentile(result.latencies, 0.99) };
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `core.local cmd=true` over the API beside bare spawns of the same shell with the same parallelism. */
async function commands() {
  const runs = Math.max(200, Math.round(REQUESTS / 20));
  const parallel = 4 * availableParallelism();
  await using squall = await startSquall(["--workers", String(parallel)]);
  const request = requestBytes(
    "POST",
    "/v1/executions",
    { "st2-api-key": squall.apiKey },
    {
      action: "core.local",
      parameters: { cmd: "true" },
    },
  );
  const options = { port: squall.port, connections: CONNECTIONS, wanted: 201 };
  const ours = async (count: number) => {
    const before = await completed(squall);
    const began = performance.now();
    const result = await load({ ...options, requests: count }, request);
    if (result.wrong.size > 0) throw new Error(`wrong answers: ${JSON.stringify([...result.wrong])}`);
    while ((await completed(squall)) < before + count) await new Promise((resolve) => setTimeout(resolve, 5));
    return (count / (performance.now() - began)) * 1000;
  };
  const bare = async (count: number) => {
    let left = count;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        while (left-- > 0) await spawned();
      }),
    );
    return (count / (performance.now() - began)) * 1000;
  };
  await ours(100);
  await bare(100);
  // In turns, so that what else the machine does hurts both.
  const ratios: { ours: number; bare: number }[] = [];
  for (let round = 0; round < 3; round++) ratios.push({ bare: await bare(runs), ours: await ours(runs) });
  const best = (pick: (one: { ours: number; bare: number }) => number) => Math.max(...ratios.map(pick));
  note({
    what: `core.local cmd=true over the API, ${parallel} at once`,
    rate: rate(best((one) => one.ours)),
    more: `bare spawn of "sh -c true": ${rate(best((one) => one.bare))}; ratio ${((best((one) => one.ours) / best((one) => one.bare)) * 100).toFixed(0)} %`,
    target: "70 %",
  });
}

function spawned(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", "true"], { stdio: ["ignore", "pipe", "pipe"] });
    child.once("error", reject);
    child.once("close", () => resolve());
    child.stdout.resume();
    child.stderr.resume();
  });
}

async function history() {
  await using squall = await startSquall();
  await registerRules(squall, [aRule("one", "one", "DiskFull")]);
  await drive(squall, "one", HISTORY);
  const memory = squall.rss();
  const times: number[] = [];
  const path = "/executions?limit=50&exclude_attributes=trigger_instance";
  for (let n = 0; n < 20; n++) times.push((await squall.api("GET", path)).ms);
  const plain: number[] = [];
  for (let n = 0; n < 20; n++)
    plain.push(
      (
        await squall.api(
          "GET",
          "/executions?limit=50&parent=null&include_attributes=id,status,action.ref,start_timestamp,context.user",
        )
      ).ms,
    );
  note({
    what: `after ${HISTORY.toLocaleString("en-US")} executions`,
    rate: `${(memory / 1e6).toFixed(0)} MB resident`,
    more: `newest 50 over the API: whole p50 ${ms(percentile(Float64Array.from(times), 0.5))}, as a table p50 ${ms(percentile(Float64Array.from(plain), 0.5))}`,
    target: "250 MB, 15 ms",
  });
}

const parts = { webhooks, commands, history };
const asked = (process.env.PARTS ?? Object.keys(parts).join(",")).split(",");
for (const [name, part] of Object.entries(parts)) if (asked.includes(name)) await part();
console.log("");
console.table(rows);
