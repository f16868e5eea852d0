import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CLUSTER, whyNoCluster } from "./cluster.ts";
import { whyNoNats } from "./nats.ts";
import { whyNoNamespaces } from "./network.ts";
import { whyNoPostgres } from "./postgres.ts";
import { reportOf } from "./report.ts";
import { clear, runChaos } from "./run.ts";

const FAULTS = 12;
const SEED = Number(process.env.SQUALL_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const why = whyNoPostgres() ?? whyNoNats() ?? whyNoCluster();

/** The short form of `npm run chaos`. */
test("a cluster under load keeps its word while its parts are killed, paused, cut off and restarted", {
  skip: why ?? false,
  timeout: 300_000,
}, async (t) => {
  t.diagnostic(`SQUALL_CHAOS_SEED=${SEED}`);
  const folder = mkdtempSync(join(tmpdir(), "squall-chaos-"));
  const network = whyNoNamespaces() === undefined ? "namespaces" : "loopback";
  const outcome = await runChaos({
    seed: SEED,
    faults: FAULTS,
    network,
    folder,
    shape: CLUSTER,
    say: (line) => t.diagnostic(line),
  });
  for (const line of reportOf(outcome)) t.diagnostic(line);
  clear(folder);
  assert.deepEqual(outcome.problems, [], `SQUALL_CHAOS_SEED=${SEED}`);
});
