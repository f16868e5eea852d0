import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readServerSentEvents, type ServerSentEvent } from "./sse.ts";

async function read(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  return await Array.fromAsync(readServerSentEvents(asStream(chunks)));
}

async function* asStream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("events are read with their name, id and data over several lines; comments and unknown fields are not events", async () => {
  const text = ": keep-alive\n\nevent: a\nid: 7\ndata: one\ndata:two\nretry: 5\n\ndata\n\nevent: nothing\n\n";
  assert.deepEqual(await read([bytes(text)]), [
    { event: "a", data: "one\ntwo", id: "7" },
    { event: "message", data: "" },
  ]);
});

test("an event cut off by the end of the stream is not an event", async () => {
  assert.deepEqual(await read([bytes("data: whole\n\ndata: half\n")]), [{ event: "message", data: "whole" }]);
});

test("however the bytes are cut and the lines ended, the events are the same", async () => {
  const event = fc.record(
    {
      event: fc.constantFrom("a", "st2.execution__update", "ä"),
      data: fc.string({ unit: fc.constantFrom("x", "ü", "€", "😀", " ", ":"), minLength: 1 }),
    },
    { noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(event),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (events, end, cuts) => {
        const text = events.map(({ event: name, data }) => `event: ${name}${end}data: ${data}${end}${end}`).join("");
        const whole = bytes(`${text}:${end}`);
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          chunks.push(whole.subarray(at, at + length));
          at += length;
        }
        assert.deepEqual(await read(chunks), events);
      },
    ),
    { numRuns: 200 },
  );
});
