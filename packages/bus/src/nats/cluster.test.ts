import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { connect } from "@nats-io/transport-node";
import { type Nats, startNats, startNatsCluster, whyNoNats } from "./a-nats.ts";
import type { NatsBus } from "./bus.ts";
import { openNatsBus } from "./open.ts";

const missing = await whyNoNats();
const LONG_MS = 30_000;

const open = (urls: readonly string[]): Promise<NatsBus> =>
  openNatsBus({ urls, cluster: "many", onError: assert.fail, say: () => undefined });
const cancel = (execution: string) => ({ topic: "cancel", project: "default", execution }) as const;
/** Resolves when `bus` has heard this one, said as often as it takes: any message may be lost. */
const heardOnce = async (say: NatsBus, hear: NatsBus, execution: string): Promise<void> => {
  const heard = new Set<string>();
  const leave = hear.subscribe(["cancel"], (message) => {
    heard.add(message.execution);
  });
  const until = performance.now() + 2 * LONG_MS;
  while (!heard.has(execution)) {
    const state = () => JSON.stringify([say.health().details, hear.health().details]);
    assert.ok(performance.now() < until, `'${execution}' is not heard: ${state()}`);
    say.publish(cancel(execution));
    await Promise.all([say.settled(LONG_MS), hear.settled(LONG_MS)]);
    await turn();
  }
  leave();
};

describe("more than one NATS server", { skip: missing ?? false }, () => {
  test("of three servers any may die and come back: what follows is heard, answered and kept", async (t) => {
    const servers = await startNatsCluster(3);
    t.after(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));
    const urls = servers.map(({ url }) => url);
    await using hear = await open(urls);
    await using say = await open(urls);
    hear.serve("where", async ({ n }) => ({ here: n ?? null }), { atOnce: 100 });
    await using load = underLoad(say);
    assert.ok((await hear.settled(LONG_MS)) && (await say.settled(LONG_MS)));

    const bytes = randomBytes(300_000);
    const digest = createHash("sha256").update(bytes).digest("hex");
    await say.artifacts.put(digest, bytes);
    assert.ok(bytes.equals((await hear.artifacts.get(digest)) ?? Buffer.alloc(0)));
    assert.equal(await replicasOf(urls, "OBJ_squall_many_artifacts"), 3);

    for (const [round, server] of servers.entries()) {
      await server.kill();
      await heardOnce(say, hear, `dead ${round}`);
      assert.deepEqual(await answered(say, round), { here: round });
      await server.start();
      await heardOnce(say, hear, `back ${round}`);
    }
    assert.ok(load.asked() > 0);
    assert.ok(hear.health().ok && say.health().ok);
    assert.equal(hear.health().details.broken, 0);
  });

  test("a bus at a leaf node hears the hub, is heard there, asks and is asked", async () => {
    await using hub = await startNats();
    await using site: Nats = await startNats({ hub });
    await site.logged("Leafnode connection created");
    await using here = await open([hub.url]);
    await using there = await open([site.url]);
    here.serve("hub", async () => ({ at: "hub" }), { atOnce: 1 });
    there.serve("site", async () => ({ at: "site" }), { atOnce: 1 });
    await heardOnce(here, there, "to the site");
    await heardOnce(there, here, "to the hub");
    assert.deepEqual(await there.request("hub", {}, { timeoutMs: LONG_MS }), { at: "hub" });
    assert.deepEqual(await here.request("site", {}, { timeoutMs: LONG_MS }), { at: "site" });

    // Cut off, the site's own processes still hear each other.
    await hub.kill();
    await using second = await open([site.url]);
    await heardOnce(second, there, "alone");
    await hub.start();
    await heardOnce(here, there, "together again");
  });
});

async function replicasOf(urls: readonly string[], stream: string): Promise<number> {
  // Closed before a server dies: the client cannot end in order without one.
  await using connection = await connect({ servers: [...urls] });
  const answer = await connection.request(`$JS.API.STREAM.INFO.${stream}`);
  return answer.json<{ config: { num_replicas: number } }>().config.num_replicas;
}

/** Asks again until there is an answer: a question may be lost. */
async function answered(bus: NatsBus, n: number): Promise<unknown> {
  const until = performance.now() + 2 * LONG_MS;
  for (;;) {
    assert.ok(performance.now() < until, `nobody answers: ${JSON.stringify(bus.health().details)}`);
    try {
      return await bus.request("where", { n }, { timeoutMs: 1_000 });
    } catch (error) {
      assert.equal((error as { code?: string }).code, "bus.no-answer");
      await bus.settled(LONG_MS);
    }
  }
}

/** Says and asks all the time, with as much under way as a busy member has. */
function underLoad(bus: NatsBus): AsyncDisposable & { asked(): number } {
  const over = new AbortController();
  let asked = 0;
  const saying = (async () => {
    for (let n = 0; !over.signal.aborted; n++) {
      bus.publish({ topic: "told", shard: n % 64 });
      await turn();
    }
  })();
  const asking = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) {
      await answered(bus, 0);
      asked++;
      await turn();
    }
  });
  return {
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      over.abort();
      await Promise.all([saying, ...asking]);
    },
  };
}
