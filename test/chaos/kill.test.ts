import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { about } from "@squall/store";
import { freePort, type ServerProcess, startServer } from "../e2e/server-process.ts";
import { answered, type Ask, createAsk } from "./api.ts";
import { audit, linesOf, readBooks } from "./books.ts";
import { countOf, createLedger } from "./ledger.ts";
import { chaosRules, type Load, startLoad } from "./load.ts";
import { createRandom, type Random } from "./random.ts";

/** The whole proof is of 52: `SQUALL_CHAOS_ROUNDS=52 npm test chaos/kill`. */
const ROUNDS = Number(process.env.SQUALL_CHAOS_ROUNDS ?? 20);
const SEED = Number(process.env.SQUALL_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** After the last round fewer have to wait or run each time this is over, however slow the machine. */
const STILL_MS = 20_000;

test("nothing acknowledged is lost or done twice, whenever the server is killed", {
  skip: about("SQLite"),
}, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "squall-chaos-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "ran");
  await writeFile(file, "");
  const data = join(directory, "data");
  const port = await freePort();
  const random = createRandom(SEED);
  const ledger = createLedger();
  t.diagnostic(`${ROUNDS} kills, SQUALL_CHAOS_SEED=${SEED}`);

  const apiKey = await prepare(data, port, file);
  const startMs = await startTime(data, port);
  using ask = createAsk(port, { "St2-Api-Key": apiKey });
  const load = startLoad(ask, ledger, createRandom(SEED + 1), file);
  const moments: Record<string, number> = {};
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      await using server = startServer({ data, port });
      const moment = await killAtRandom(server, load, random, startMs);
      moments[moment] = (moments[moment] ?? 0) + 1;
      if (round % 10 === 0) t.diagnostic(`${round} kills; ${progressOf(ledger)}`);
    }
  } finally {
    load.onAcknowledged = undefined;
  }

  await using server = startServer({ data, port });
  await server.answers();
  await load.stop();
  await untilQuiet(ask, server);
  server.signal("SIGTERM");
  assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output());

  const books = readBooks(join(data, "squall.db"));
  const statuses = Object.entries(Object.groupBy(books.executions, (one) => one.status));
  t.diagnostic(
    `killed ${Object.entries(moments)
      .map(([moment, times]) => `${times} times ${moment}`)
      .join(", ")}`,
  );
  t.diagnostic(progressOf(ledger));
  t.diagnostic(`executions: ${statuses.map(([status, rows]) => `${rows?.length} ${status}`).join(", ")}`);
  const problems = [...audit(books, ledger, linesOf(file)), ...ledger.strange, ...(await complaintsOf(data))];
  assert.equal(
    problems.length,
    0,
    `SQUALL_CHAOS_SEED=${SEED}\n${problems.length} problems:\n${problems.slice(0, 40).join("\n")}`,
  );
});

/** Starts a server for the first time and makes what the load needs. Answers the key that the load signs in with. */
async function prepare(data: string, port: number, file: string): Promise<string> {
  await using server = startServer({ data, port });
  const [, password] = await server.printed(/^ +password +(\S+)/m);
  const basic = { Authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` };
  using signIn = createAsk(port, basic);
  const token = answered(await signIn("POST", "/v1/tokens")).json as { token: string };
  using ask = createAsk(port, { "X-Auth-Token": token.token });
  const made = answered(await ask("POST", "/v1/apikeys", {})).json as { key: string };
  for (const rule of chaosRules(file)) {
    const { status, json } = answered(await ask("POST", "/v1/rules", rule));
    assert.equal(status, 201, JSON.stringify(json));
  }
  // Acknowledged: so this may end like every other round.
  return made.key;
}

/** Milliseconds from the start of a server's process to its answer, on this machine and today. */
async function startTime(data: string, port: number): Promise<number> {
  const began = performance.now();
  await using server = startServer({ data, port });
  await server.answers();
  return Math.round(performance.now() - began);
}

/** Kills the server at a random instant and says which kind of instant that was. `startMs` is how long a start takes. */
async function killAtRandom(server: ServerProcess, load: Load, random: Random, startMs: number): Promise<string> {
  const kind = random.pick(["while it started", "right after a commit", "at any time", "at any time"]);
  const ms = random.whole(0, kind === "while it started" ? startMs : 600);
  const commits = random.whole(1, 300);
  const kill = () => server.signal("SIGKILL");
  if (kind !== "while it started") await server.answers();
  if (kind === "right after a commit") {
    let left = commits;
    load.onAcknowledged = () => {
      if (--left <= 0) kill();
    };
    // A load that stands still would leave it alive.
    const late = setTimeout(kill, 5_000);
    await server.ended;
    clearTimeout(late);
    load.onAcknowledged = undefined;
  } else {
    await delay(ms);
    kill();
  }
  const { code, signal } = await server.ended;
  assert.equal(signal, "SIGKILL", `the server ended by itself with ${code}:\n${server.output()}`);
  return kind;
}

const UNFINISHED = ["requested", "scheduled", "delayed", "running", "canceling"];

/** Resolves when nothing waits or runs. Timers go on, so that this is a moment between two seconds. */
async function untilQuiet(ask: Ask, server: ServerProcess): Promise<void> {
  let fewest = Number.POSITIVE_INFINITY;
  let since = Date.now();
  for (;;) {
    const replies = await Promise.all(
      UNFINISHED.map((status) => ask("GET", `/v1/executions?status=${status}&limit=3`)),
    );
    const left = replies.reduce((sum, reply) => sum + answered(reply).total, 0);
    if (left === 0) return;
    if (left < fewest) {
      fewest = left;
      since = Date.now();
    } else if (Date.now() - since > STILL_MS) {
      const some = JSON.stringify(replies.map((reply) => answered(reply).json)).slice(0, 4000);
      assert.fail(`${left} executions do not end:\n${some}\n${server.output()}`);
    }
    await delay(100);
  }
}

/** What the servers logged as errors: killing them is no reason for any. */
async function complaintsOf(data: string): Promise<string[]> {
  const lines = (await readFile(join(data, "server.log"), "utf8")).split("\n");
  return lines
    .filter((line) => /"level":(50|60|"error"|"fatal")/.test(line))
    .map((line) => `logged: ${line.slice(0, 500)}`);
}

function progressOf(ledger: ReturnType<typeof createLedger>): string {
  const kinds = {
    webhooks: ledger.webhooks.values(),
    executions: ledger.executions.values(),
    "key writes": [...ledger.keys.values()].flat(),
    rules: ledger.rules.values(),
  };
  const counts = Object.entries(kinds).map(([kind, sent]) => {
    const count = countOf(sent);
    return `${count.acknowledged} of ${count.sent} ${kind}`;
  });
  return `acknowledged: ${counts.join(", ")}; ${ledger.canceled.size} cancellations`;
}
