// `npm run chaos`: a cluster of real parts, faults by a seed, and the books afterwards.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLUSTER, whyNoCluster } from "./cluster.ts";
import { whyNoNats } from "./nats.ts";
import { type Network, whyNoNamespaces } from "./network.ts";
import { whyNoPostgres } from "./postgres.ts";
import { reportOf } from "./report.ts";
import { clear, runChaos } from "./run.ts";

const HELP = `Usage: npm run chaos -- [options]

Starts a cluster (PostgreSQL, ${CLUSTER.nats} NATS nodes, ${Object.entries(CLUSTER.members)
  .map(([role, count]) => `${count} ${role}`)
  .join(", ")}), loads it, breaks it, and checks its books.

  --seed N       the faults and the load of an earlier run
  --faults N     at least so many (default 200, which takes about 20 minutes)
  --network KIND namespaces (where root may make them) or loopback, with proxies (default: whichever works)
  --one          one process with all roles on PostgreSQL, without NATS
  --keep         leave the folder with logs and database behind
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    faults: { type: "string", default: "200" },
    network: { type: "string" },
    one: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false, short: "h" },
  },
});

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const why = whyNoPostgres() ?? (values.one ? undefined : (whyNoNats() ?? whyNoCluster()));
  if (why !== undefined) {
    say(`skipped: ${why}`);
    return 0;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const faults = Number(values.faults);
  if (!Number.isInteger(seed) || !Number.isInteger(faults) || faults < 1) {
    say("--seed and --faults take whole numbers");
    return 2;
  }
  const noNamespaces = whyNoNamespaces();
  const network = values.network ?? (noNamespaces === undefined ? "namespaces" : "loopback");
  if (network !== "namespaces" && network !== "loopback") {
    say(`--network is namespaces or loopback, not "${network}"`);
    return 2;
  }
  if (network === "namespaces" && noNamespaces !== undefined) {
    say(noNamespaces);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "squall-chaos-"));
  say(`seed ${seed}, ${faults} faults; logs in ${folder}`);
  const shape = values.one ? { members: CLUSTER.members, nats: 0 } : CLUSTER;
  const outcome = await runChaos({ seed, faults, network: network satisfies Network["kind"], folder, shape, say });
  process.stdout.write(`\n${reportOf(outcome).join("\n")}\n`);
  const isGood = outcome.problems.length === 0;
  if (isGood && !values.keep) clear(folder);
  say(isGood ? "the books are right" : `the books are wrong: --seed ${seed} repeats the faults; see ${folder}`);
  return isGood ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));
process.exitCode = await main();
