import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createRandom } from "../random.ts";
import { audit } from "./books/audit.ts";
import { type Books, readBooks } from "./books/books.ts";
import { type Client, createClient } from "./client.ts";
import { type Cluster, CLUSTER, type Shape, startCluster } from "./cluster.ts";
import { doFault, memberOf, stopMember } from "./faults.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { type Load, startLoad } from "./load.ts";
import type { Life } from "./members.ts";
import type { Network } from "./network.ts";
import { type Fault, planOf, type Round } from "./plan.ts";
import { untilQuiet } from "./quiet.ts";
import { allPresent, killAlone, type Recovery } from "./recovery.ts";
import { startWatch, type Watch } from "./watch.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** At least so many. */
  readonly faults: number;
  readonly network: Network["kind"];
  /** A new folder; it goes away when all is well. */
  readonly folder: string;
  readonly shape?: Shape;
  readonly say: (line: string) => void;
}

/** What happened, and everything that is wrong with it. */
export interface Outcome {
  readonly problems: readonly string[];
  readonly faults: readonly Fault[];
  readonly recoveries: readonly Recovery[];
  readonly ledger: Ledger;
  readonly books: Books;
  readonly lives: readonly Life[];
  readonly members: Watch["members"];
  /** Processes that ended by themselves while they started, because what they need was away. */
  readonly failedStarts: number;
  readonly seconds: number;
}

/** Long enough for the first of everything to have happened before the first fault. */
const WARM_MS = 3_000;
/** What one member writes the others know within a second or two, also when no message says so. */
const KNOWN_MS = 5_000;
/** Between two rounds, so that what was healed has a moment to work. */
const PAUSE_MS = 1_000;

/**
 * Starts a cluster, loads it, does the faults that the seed stands for, heals all, waits until nothing moves, stops every
 * member in order and holds the books to what was promised.
 */
export async function runChaos(options: ChaosOptions): Promise<Outcome> {
  const { seed, folder, say, shape = CLUSTER } = options;
  const began = performance.now();
  mkdirSync(folder, { recursive: true });
  await using cluster = await startCluster({ folder, network: options.network, shape, say });
  await using watch = startWatch(cluster.postgres.adminUrl);
  const plan = planOf(seed, options.faults);
  const ledger = createLedger();
  const apis = cluster.members.filter((one) => one.role === "api" || one.role === "all").map((one) => one.address);
  const apiKey = await signIn(cluster);
  const headers = { "St2-Api-Key": apiKey };
  const newClient = (number: number) => createClient(apis, headers, number);
  const oneEach = apis.map((api) => createClient([api], headers, 0));
  const load = startLoad(newClient, ledger, createRandom(seed + 1));
  const problems: string[] = [];
  const recoveries: Recovery[] = [];
  let done = 0;
  try {
    await delay(WARM_MS);
    for (const [index, round] of plan.entries()) {
      problems.push(...(await doRound(cluster, watch, round, recoveries)));
      done += round.faults.length;
      const sent = [...ledger.webhooks.values()].filter((one) => one.acknowledged).length;
      say(`${String(done).padStart(4)} faults; ${sent} webhooks acknowledged; ${round.faults.map(nameOf).join(", ")}`);
      if (index < plan.length - 1) await delay(PAUSE_MS);
    }
    problems.push(...(await comeToRest(cluster, watch, { load, ledger, apis: oneEach }, say)));
  } finally {
    await load.stop();
    await load.end();
    for (const client of oneEach) client[Symbol.dispose]();
  }
  const books = await readBooks(cluster.postgres.adminUrl);
  const lives = cluster.members.flatMap((member) => member.lives);
  const lines = (file: string) => readFileSync(file, "utf8").split("\n").slice(0, -1);
  problems.push(
    ...audit(books, ledger, { ran: lines(cluster.ran), sensed: lines(cluster.sensed), lives, members: watch.members }),
    ...cluster.unasked
      .filter(({ life }) => life.answered !== undefined)
      .map(({ life, output }) => `${life.member} ended by itself:\n${output.slice(-1_500)}`),
  );
  return {
    problems,
    faults: plan.flatMap((round) => round.faults),
    recoveries,
    ledger,
    books,
    lives,
    members: new Map(watch.members),
    failedStarts: cluster.unasked.filter(({ life }) => life.answered === undefined).length,
    seconds: (performance.now() - began) / 1000,
  };
}

export function nameOf(fault: Fault): string {
  const role = "role" in fault ? ` ${fault.role}` : "";
  const how = "how" in fault ? ` ${fault.how}` : "";
  const peers = fault.kind === "cut" ? ` from ${fault.peers.join("+")}` : "";
  return `${fault.kind}${role}${how}${peers}`;
}

async function doRound(cluster: Cluster, watch: Watch, round: Round, recoveries: Recovery[]): Promise<string[]> {
  const [first] = round.faults;
  if (!round.alone || first?.kind !== "kill" || cluster.nats.length === 0) {
    return (await Promise.all(round.faults.map((fault) => doFault(cluster, fault)))).flat();
  }
  if (!(await allPresent(cluster, watch))) return [`not every member came back: ${missing(cluster, watch)}`];
  const { recovery, problems } = await killAlone(cluster, watch, first.role, first.which);
  if (recovery) recoveries.push(recovery);
  return problems;
}

function missing(cluster: Cluster, watch: Watch): string {
  const seen = new Set([...watch.members.values()].map(({ pid }) => pid));
  return cluster.members
    .filter((member) => !seen.has(member.lives.at(-1)?.pid ?? -1))
    .map((member) => member.name)
    .join(", ");
}

/** The end: all healed, everything ended, members stopped in order, sources first. */
async function comeToRest(
  cluster: Cluster,
  watch: Watch,
  { load, ledger, apis }: { load: Load; ledger: Ledger; apis: readonly Client[] },
  say: (line: string) => void,
): Promise<string[]> {
  const problems: string[] = [];
  await Promise.all(cluster.members.map((member) => member.start()));
  if (cluster.nats.length > 0 && !(await allPresent(cluster, watch))) {
    problems.push(`not every member came back at the end: ${missing(cluster, watch)}`);
  }
  await load.stop();
  problems.push(...(await visitRules(apis, ledger)));
  say("the clients have stopped; waiting until nothing moves");
  const url = cluster.postgres.adminUrl;
  problems.push(...(await untilQuiet(url, "but sources")));
  await load.end();
  if (cluster.nats.length === 0) {
    problems.push(...(await stopMember(memberOf(cluster, "api", 0), "for good")));
    return problems;
  }
  const stopAll = async (roles: readonly string[]) => {
    const some = cluster.members.filter((member) => roles.includes(member.role));
    problems.push(...(await Promise.all(some.map((member) => stopMember(member, "for good")))).flat());
  };
  await stopAll(["sources"]);
  problems.push(...(await untilQuiet(url, "all")));
  await stopAll(["api", "worker", "engine"]);
  return problems;
}

/** Every rule that was acknowledged is known to every API by now: each is asked to set it off. */
async function visitRules(apis: readonly Client[], ledger: Ledger): Promise<string[]> {
  const problems: string[] = [];
  for (const [name] of [...ledger.rules].filter(([, sent]) => sent.acknowledged)) {
    for (const [index, client] of apis.entries()) {
      const visit = () => client.ask("POST", `/v1/webhooks/chaos/${name}`, { visit: name });
      let reply = await visit();
      // The last ones were acknowledged a moment ago, by the other one.
      const until = performance.now() + KNOWN_MS;
      while (typeof reply !== "string" && reply.status === 404 && performance.now() < until) {
        await delay(100);
        reply = await visit();
      }
      if (typeof reply !== "string" && reply.status === 202) {
        ledger.visits.set(name, (ledger.visits.get(name) ?? 0) + 1);
      } else problems.push(`API ${index + 1} answers the webhook of rule ${name} with ${JSON.stringify(reply)}`);
    }
  }
  return problems;
}

/** A key for the load, made by the administrator. */
async function signIn(cluster: Cluster): Promise<string> {
  const api = memberOf(cluster, "api", 0).address;
  const credentials = Buffer.from(`admin:${cluster.password}`).toString("base64");
  using basic = createClient([api], { Authorization: `Basic ${credentials}` }, 0);
  const { token } = (await acknowledged(basic.ask("POST", "/v1/tokens"), 201)) as { token: string };
  using admin = createClient([api], { "X-Auth-Token": token }, 0);
  return ((await acknowledged(admin.ask("POST", "/v1/apikeys", {}), 201)) as { key: string }).key;
}

async function acknowledged(asked: ReturnType<ReturnType<typeof createClient>["ask"]>, status: number) {
  const reply = await asked;
  if (typeof reply !== "string" && reply.status === status) return reply.json;
  throw new Error(`the first API answered ${JSON.stringify(reply)}`);
}

/** Removes what the run wrote. */
export function clear(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
