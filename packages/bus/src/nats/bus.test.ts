import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { JsonObject } from "@squall/model";
import { busContract } from "../contract.ts";
import type { Message } from "../port.ts";
import { type Nats, startNats, whyNoNats } from "./a-nats.ts";
import type { NatsBus, NatsBusOptions } from "./bus.ts";
import { openNatsBus } from "./open.ts";

const missing = await whyNoNats();
const LONG_MS = 30_000;

describe("NATS", { skip: missing ?? false }, () => {
  let nats: Nats;
  before(async () => {
    nats = await startNats({ jetstream: true });
  });
  after(() => nats[Symbol.asyncDispose]());

  let clusters = 0;
  const open = (cluster: string, onError: NatsBusOptions["onError"]): Promise<NatsBus> =>
    openNatsBus({ urls: [nats.url], cluster, onError, say: () => undefined });

  busContract("NATS, one process: the", async (onError) => {
    const bus = await open(`one-${++clusters}`, onError);
    return {
      bus,
      other: bus,
      settle: async () => assert.ok(await bus.settled(LONG_MS)),
      close: async () => bus[Symbol.asyncDispose](),
    };
  });

  busContract("NATS, two connections: the", async (onError) => {
    const cluster = `two-${++clusters}`;
    const [bus, other] = [await open(cluster, onError), await open(cluster, onError)];
    return {
      bus,
      other,
      // The publisher first: what it said is on its way to the listener, before what answers the listener's ping.
      async settle() {
        assert.ok(await other.settled(LONG_MS));
        assert.ok(await bus.settled(LONG_MS));
      },
      async close() {
        await bus[Symbol.asyncDispose]();
        await other[Symbol.asyncDispose]();
      },
    };
  });

  test("two clusters on one server do not hear each other", async () => {
    await using one = await open("cluster-a", assert.fail);
    await using other = await open("cluster-b", assert.fail);
    await using third = await open("cluster-a", assert.fail);
    const heard: string[] = [];
    const end = new Promise<void>((resolve) =>
      one.subscribe(["cancel"], (message) => {
        heard.push(message.execution);
        if (message.execution === "end") resolve();
      }),
    );
    await one.settled(LONG_MS);
    other.publish({ topic: "cancel", project: "default", execution: "foreign" });
    await other.settled(LONG_MS);
    third.publish({ topic: "cancel", project: "default", execution: "end" });
    await end;
    assert.deepEqual(heard, ["end"]);
  });

  test("order holds over topics between processes, and what is said here is heard once", async () => {
    await using say = await open("order", assert.fail);
    await using hear = await open("order", assert.fail);
    const heardBy = (bus: NatsBus) => {
      const heard: string[] = [];
      return new Promise<string[]>((resolve) =>
        bus.subscribe(["cancel", "told", "wake"], (message) => {
          heard.push(message.topic === "cancel" ? message.execution : message.topic);
          if (message.topic === "wake") resolve(heard);
        }),
      );
    };
    const both = Promise.all([heardBy(say), heardBy(hear)]);
    await hear.settled(LONG_MS);
    await say.settled(LONG_MS);
    const expected: string[] = [];
    for (let index = 0; index < 300; index++) {
      const message: Message =
        index % 3 === 0
          ? { topic: "told", shard: index % 64 }
          : { topic: "cancel", project: "p", execution: `${index}` };
      expected.push(message.topic === "cancel" ? message.execution : message.topic);
      say.publish(message);
    }
    say.publish({ topic: "wake", lane: "process" });
    expected.push("wake");
    assert.deepEqual(await both, [expected, expected]);
  });

  test("a message larger than the server takes arrives whole", async () => {
    await using say = await open("large", assert.fail);
    await using hear = await open("large", assert.fail);
    const message: Message = {
      topic: "announcement",
      project: "default",
      route: "general",
      payload: { text: "Ünd so weiter. ".repeat(300_000) },
      traceContext: {},
    };
    const heard = new Promise<Message>((resolve) => hear.subscribe(["announcement"], resolve));
    await hear.settled(LONG_MS);
    say.publish(message);
    assert.deepEqual(await heard, message);
  });

  test("an asker hears at once that its answerer's process stops", async () => {
    await using answerer = await open("stops", assert.fail);
    await using asker = await open("stops", assert.fail);
    const asked = Promise.withResolvers<void>();
    const answer = (): Promise<JsonObject> => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    answerer.serve("silent", answer, { atOnce: 1 });
    await answerer.settled(LONG_MS);
    await asker.settled(LONG_MS);
    const request = assert.rejects(asker.request("silent", {}, { timeoutMs: LONG_MS }), { code: "bus.closed" });
    await asked.promise;
    await answerer[Symbol.asyncDispose]();
    await request;
  });

  test("artifacts put by one are got by another, from JetStream", async () => {
    await using one = await open("store", assert.fail);
    await using other = await open("store", assert.fail);
    await one.settled(LONG_MS);
    await other.settled(LONG_MS);
    const bytes = randomBytes(700_000);
    const digest = createHash("sha256").update(bytes).digest("hex");
    await one.artifacts.put(digest, bytes);
    assert.ok(bytes.equals((await other.artifacts.get(digest)) ?? Buffer.alloc(0)));
    await other.artifacts.put(digest, bytes);
    assert.ok(bytes.equals((await one.artifacts.get(digest)) ?? Buffer.alloc(0)));
    assert.equal(await one.artifacts.get("1".repeat(64)), undefined);
    assert.equal(one.health().details.artifacts, "on");
  });
});
