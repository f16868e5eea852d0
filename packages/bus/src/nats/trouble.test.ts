import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { freePort, startNats, whyNoNats } from "./a-nats.ts";
import type { NatsBus } from "./bus.ts";
import { openNatsBus } from "./open.ts";

const missing = await whyNoNats();
const LONG_MS = 30_000;

const open = (url: string, said: string[] = []): Promise<NatsBus> =>
  openNatsBus({
    urls: [url],
    cluster: "trouble",
    onError: assert.fail,
    say: (_, details, text) => said.push(`${text} ${JSON.stringify(details)}`),
  });
const cancel = (execution: string) => ({ topic: "cancel", project: "default", execution }) as const;
const hearing = (bus: NatsBus, last: string): Promise<string[]> => {
  const heard: string[] = [];
  return new Promise((resolve) =>
    bus.subscribe(["cancel"], ({ execution }) => {
      heard.push(execution);
      if (execution === last) resolve(heard);
    }),
  );
};

describe("NATS in trouble", { skip: missing ?? false }, () => {
  test("a bus opens without a server, works alone, says so, and is connected when one comes", async () => {
    const port = await freePort();
    const said: string[] = [];
    await using bus = await open(`nats://127.0.0.1:${port}`, said);
    const alone = hearing(bus, "alone");
    bus.publish(cancel("alone"));
    assert.deepEqual(await alone, ["alone"]);
    assert.equal(bus.health().ok, false);
    assert.equal(bus.health().details.connected, false);
    await assert.rejects(bus.request("somebody", {}, { timeoutMs: LONG_MS }), { code: "bus.no-answer" });
    assert.equal(await bus.artifacts.get("0".repeat(64)), undefined);
    await using _nats = await startNats({ port });
    assert.ok(await bus.settled(LONG_MS));
    assert.equal(bus.health().ok, true);
    assert.ok(
      said.some((line) => line.startsWith("NATS cannot be reached")),
      said.join("\n"),
    );
  });

  test("a server that died and came back carries again what was asked for before, and what was said meanwhile", async () => {
    await using nats = await startNats();
    await using hear = await open(nats.url);
    await using say = await open(nats.url);
    hear.serve("where", async () => ({ here: true }), { atOnce: 1 });
    const heard = hearing(hear, "last");
    assert.ok((await hear.settled(LONG_MS)) && (await say.settled(LONG_MS)));
    say.publish(cancel("before"));
    assert.ok(await say.settled(LONG_MS));
    await nats.kill();
    while (say.health().ok || hear.health().ok) await new Promise((resolve) => setTimeout(resolve, 5));
    say.publish(cancel("meanwhile"));
    await nats.start();
    assert.ok(await hear.settled(LONG_MS));
    assert.ok(await say.settled(LONG_MS));
    say.publish(cancel("last"));
    const all = await heard;
    // What was said without a server is a hint like all else: it may be heard by who was back first.
    assert.deepEqual([all[0], all.at(-1)], ["before", "last"]);
    assert.deepEqual(await say.request("where", {}, { timeoutMs: LONG_MS }), { here: true });
  });

  test("what is no message of ours is left out and counted, and what follows is heard", async () => {
    await using nats = await startNats();
    await using bus = await open(nats.url);
    const heard = hearing(bus, "good");
    bus.subscribe(["execution"], () => assert.fail("no execution was said"));
    bus.serve("where", async () => ({}), { atOnce: 1 });
    await bus.settled(LONG_MS);
    await using raw = await connect({ servers: nats.url });
    const on = "squall.trouble.say.cancel";
    for (const text of [
      "",
      "no head at all",
      "1 abcdefghij say 1 0 1 0\nno json",
      '1 abcdefghij say 1 0 1 0\n{"no": "list"}',
      '1 abcdefghij say 1 0 1 0\n[{"topic":"cancel","project":1,"execution":"x"}, null]',
      '1 abcdefghij say 1 0 1 0\n[{"topic":"wake"}]',
      "1 abcdefghij say 1 5 9 0\nthe middle of something",
      "1 abcdefghij ask 1 0 1 0\n[]",
      `1 abcdefghij say ${"9".repeat(200)} 0 1 0\n[]`,
    ])
      raw.publish(on, text);
    raw.publish(
      "squall.trouble.say.execution",
      '1 abcdefghij say 1 0 1 0\n[{"topic":"execution","change":"create","execution":{}}]',
    );
    raw.publish("squall.trouble.ask.where", "1 abcdefghij ask 1 0 1 0\n[]");
    raw.publish(on, '1 abcdefghij say 1 0 1 0\n[{"topic":"cancel","project":"default","execution":"good"}]');
    assert.deepEqual(await heard, ["good"]);
    assert.equal(bus.health().details.broken, 12);
  });
});
