import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { createAssembler, type Frame, framesOf, LARGEST_BODY, readFrame } from "./frames.ts";

const head = { sender: "abcdefghij", kind: "say", number: 7 } as const;
const read = (frames: Uint8Array[] | undefined): Frame[] =>
  (frames ?? assert.fail("too large")).map((data) => readFrame(data) ?? assert.fail("no frame"));
const assembler = (maxBytes = LARGEST_BODY, now = () => 0) => createAssembler({ maxBytes, patienceMs: 1_000, now });
const frame = (number: number, part: number, parts: number, piece: Uint8Array): Frame => ({
  ...head,
  number,
  part,
  parts,
  timeoutMs: 0,
  piece,
});

describe("frames", () => {
  test("a body of any length comes back as it was, in pieces that the server takes", () => {
    for (const maxPayload of [129, 200, 1_024]) {
      for (const length of [0, 1, maxPayload - 129, maxPayload - 128, maxPayload - 127, 5 * maxPayload]) {
        const body = randomBytes(length);
        const frames = framesOf(head, body, maxPayload) ?? assert.fail("too large");
        assert.ok(frames.every((one) => one.length <= maxPayload));
        const whole = assembler();
        const last = read(frames)
          .map((one) => whole.add(one))
          .at(-1);
        assert.deepEqual(Buffer.from(last as Uint8Array), body, `${length} by ${maxPayload}`);
      }
    }
  });

  test("who, what and how long stand in each", () => {
    const [first] = read(framesOf({ ...head, kind: "ask", timeoutMs: 2 ** 31 - 1 }, Buffer.from("x"), 1_024));
    const { piece, ...said } = first ?? assert.fail("none");
    assert.deepEqual(said, { ...head, kind: "ask", part: 0, parts: 1, timeoutMs: 2 ** 31 - 1 });
    assert.equal(Buffer.from(piece).toString(), "x");
  });

  test("a body over the limit, and a server that takes less than a head, have none", () => {
    assert.equal(framesOf(head, Buffer.alloc(LARGEST_BODY + 1), 1_048_576), undefined);
    assert.ok(framesOf(head, Buffer.alloc(LARGEST_BODY), 1_048_576));
    for (const room of [0, 1, 128]) assert.equal(framesOf(head, Buffer.from("x"), room), undefined);
  });

  test("what is no frame is none, whatever bytes it has", () => {
    for (const text of [
      "",
      "\n",
      "1 abcdefghij say 1 0 1 0",
      "2 abcdefghij say 1 0 1 0\n",
      "1 short say 1 0 1 0\n",
      "1 abcdefghij shout 1 0 1 0\n",
      "1 abcdefghij say -1 0 1 0\n",
      "1 abcdefghij say 1 1 1 0\n",
      "1 abcdefghij say 1 0 0 0\n",
      "1 abcdefghij say 1 0 1 0 0\n",
      `${" ".repeat(128)}1 abcdefghij say 1 0 1 0\n`,
    ])
      assert.equal(readFrame(Buffer.from(text)), undefined, JSON.stringify(text));
    for (let n = 0; n < 1_000; n++) readFrame(randomBytes(n % 200));
  });
});

describe("putting bodies together", () => {
  const [a, b, c] = [Buffer.from("a"), Buffer.from("b"), Buffer.from("c")];

  test("bodies of several senders and numbers may come at the same time", () => {
    const whole = assembler();
    const other = { ...frame(1, 0, 2, c), sender: "jihgfedcba" };
    assert.equal(whole.add(frame(1, 0, 2, a)), "waiting");
    assert.equal(whole.add(other), "waiting");
    assert.equal(whole.add(frame(2, 0, 2, b)), "waiting");
    assert.equal(String(whole.add(frame(1, 1, 2, b))), "ab");
    assert.equal(String(whole.add({ ...other, part: 1, piece: a })), "ca");
  });

  test("a piece that is missing, doubled, empty or of another body breaks it, and the next body is whole", () => {
    for (const wrong of [frame(1, 2, 3, b), frame(1, 0, 3, a), frame(1, 1, 4, b), frame(1, 1, 3, Buffer.alloc(0))]) {
      const whole = assembler();
      whole.add(frame(1, 0, 3, a));
      assert.equal(whole.add(wrong), "broken", `${wrong.part} of ${wrong.parts}`);
      whole.add(frame(2, 0, 2, a));
      assert.equal(String(whole.add(frame(2, 1, 2, b))), "ab");
    }
  });

  test("above its memory the oldest is given up, and pieces count more than their bytes", () => {
    const whole = assembler(10_000);
    whole.add(frame(0, 0, 2, Buffer.alloc(4_000)));
    for (let number = 1; number < 100; number++) whole.add(frame(number, 0, 2, a));
    assert.equal(whole.add(frame(0, 1, 2, a)), "broken");
    assert.equal(whole.add(frame(1, 1, 2, a)), "broken");
    assert.equal(String(whole.add(frame(99, 1, 2, b))), "ab");
  });

  test("a body larger than may be is given up while it comes", () => {
    const whole = assembler(2 * LARGEST_BODY);
    const piece = Buffer.alloc(LARGEST_BODY / 2);
    assert.equal(whole.add(frame(1, 0, 4, piece)), "waiting");
    assert.equal(whole.add(frame(1, 1, 4, piece)), "waiting");
    assert.equal(whole.add(frame(1, 2, 4, a)), "broken");
  });

  test("a body whose next piece does not come is forgotten", () => {
    let now = 0;
    const whole = assembler(LARGEST_BODY, () => now);
    whole.add(frame(1, 0, 2, a));
    now = 999;
    whole.add(frame(2, 0, 2, a));
    now = 1_000;
    assert.equal(whole.add(frame(1, 1, 2, b)), "broken");
    assert.equal(String(whole.add(frame(2, 1, 2, b))), "ab");
  });
});
