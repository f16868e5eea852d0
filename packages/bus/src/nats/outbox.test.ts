import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Message } from "../port.ts";
import { readFrame } from "./frames.ts";
import { createOutbox } from "./outbox.ts";

/** A server that takes what it is given when it is told to. */
function aServer() {
  const server = {
    isUp: true,
    maxPayload: 1_048_576,
    bodies: [] as { subject: string; messages: Message[] }[],
    bytes: 0,
    flushes: [] as PromiseWithResolvers<void>[],
    publish(subject: string, payload: Uint8Array): boolean {
      const frame = readFrame(payload) ?? assert.fail("no frame");
      server.bytes += frame.piece.length;
      if (frame.parts === 1) server.bodies.push({ subject, messages: JSON.parse(Buffer.from(frame.piece).toString()) });
      return true;
    },
    flush(): Promise<void> {
      const flush = Promise.withResolvers<void>();
      server.flushes.push(flush);
      return flush.promise;
    },
  };
  const unsent: string[] = [];
  const outbox = createOutbox({
    sender: "abcdefghij",
    subjectOf: (topic) => topic,
    link: server,
    onUnsent: (topic, why) => unsent.push(`${topic}: ${why}`),
  });
  return { server, outbox, unsent };
}
const told = (shard: number): Message => ({ topic: "told", shard });
const large = (bytes: number): Message => ({
  topic: "announcement",
  project: "p",
  route: "r",
  payload: { text: "x".repeat(bytes) },
  traceContext: {},
});
const MIB = 1024 * 1024;

describe("the outbox", () => {
  test("what is said in one turn leaves together, neighbours of one topic in one body, in order", async () => {
    const { server, outbox } = aServer();
    for (const message of [told(1), told(2), { topic: "wake" } as const, told(3)]) outbox.say(message);
    assert.equal(server.bodies.length, 0);
    await turn();
    assert.deepEqual(server.bodies, [
      { subject: "told", messages: [told(1), told(2)] },
      { subject: "wake", messages: [{ topic: "wake" }] },
      { subject: "told", messages: [told(3)] },
    ]);
    assert.deepEqual(outbox.sent.messages, 4);
  });

  test("without a connection it holds 10,000 bodies and 16 MiB at most, and the newest are sent when there is one", async () => {
    const { server, outbox } = aServer();
    server.isUp = false;
    for (let shard = 0; shard < 10_100; shard++) {
      outbox.say(told(shard));
      outbox.say({ topic: "wake" });
    }
    await turn();
    assert.equal(outbox.waiting.bodies, 10_000);
    assert.equal(outbox.dropped, 10_200);
    for (let n = 0; n < 40; n++) outbox.say(large(MIB));
    await turn();
    assert.ok(outbox.waiting.bytes <= 16 * MIB, String(outbox.waiting.bytes));
    outbox.say(told(1));
    await turn();
    server.isUp = true;
    outbox.pump();
    while (server.flushes.length > 0) {
      server.flushes.shift()?.resolve();
      await turn();
    }
    assert.deepEqual(outbox.waiting, { bodies: 0, bytes: 0 });
    assert.deepEqual(server.bodies.at(-1)?.messages, [told(1)]);
  });

  test("no more than a window is given to a server that does not keep up; the oldest goes, and it goes on", async () => {
    const { server, outbox } = aServer();
    for (let n = 0; n < 64; n++) outbox.say(large(MIB / 2));
    await turn();
    assert.ok(server.bytes >= 4 * MIB && server.bytes < 5 * MIB, String(server.bytes));
    assert.ok(outbox.dropped > 0);
    assert.ok(outbox.waiting.bytes <= 16 * MIB);
    const before = server.bytes;
    server.flushes.shift()?.resolve();
    await turn();
    assert.ok(server.bytes > before);
    // Another connection owes nothing, and what the old one answers late counts nothing.
    const late = server.flushes.splice(0);
    outbox.reset();
    outbox.pump();
    const sent = server.bytes;
    assert.ok(sent >= before + 4 * MIB);
    for (const flush of late) flush.resolve();
    await turn();
    assert.equal(server.bytes, sent);
  });

  test("what cannot be written or is too large is told, and the rest is sent", async () => {
    const { server, outbox, unsent } = aServer();
    const payload: { self?: unknown } = {};
    payload.self = payload;
    // Cast: no JSON, which the type forbids and a program may do nevertheless.
    outbox.say({ ...large(1), payload } as Message);
    outbox.say(large(17 * MIB));
    outbox.say(told(1));
    await turn();
    assert.match(unsent[0] ?? "", /circular/);
    assert.deepEqual(server.bodies, [{ subject: "told", messages: [told(1)] }]);
    assert.match(unsent[1] ?? "", /bytes are more/);
  });
});
