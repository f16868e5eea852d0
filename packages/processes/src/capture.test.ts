import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createCapture } from "./capture.ts";

const NOTICE = /\n?\[output cut: stdout is longer than \d+ bytes, the rest was not kept\]\n$/;

test("whatever the bytes and however they come, what is streamed adds up to what is kept", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 0, max: 300 }), (chunks, limit) => {
      const heard: string[] = [];
      const capture = createCapture(limit, "stdout", (text) => heard.push(text));
      for (const chunk of chunks) capture.push(Buffer.from(chunk));
      capture.end();
      const all = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
      assert.equal(heard.join(""), capture.text());
      assert.equal(capture.isCut, all.length > limit);
      if (!capture.isCut) assert.equal(capture.text(), all.toString("utf8"));
      else {
        assert.match(capture.text(), NOTICE);
        assert.ok(capture.bytes().length <= limit && capture.bytes().length >= limit - 3);
      }
    }),
  );
});

test("valid UTF-8 never breaks, wherever reads and the bound split it", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(300),
      (text, size, limit) => {
        const bytes = Buffer.from(text.replaceAll("\ufffd", "?"));
        const heard: string[] = [];
        const capture = createCapture(limit, "stdout", (piece) => heard.push(piece));
        for (let at = 0; at < bytes.length; at += size) capture.push(bytes.subarray(at, at + size));
        capture.end();
        assert.doesNotMatch(heard.join(""), /\ufffd/);
        assert.ok(bytes.toString().startsWith(capture.bytes().toString()));
      },
    ),
  );
});

test("a bound inside the very first character keeps nothing but the notice", () => {
  const heard: string[] = [];
  const capture = createCapture(1, "stdout", (text) => heard.push(text));
  capture.push(Buffer.from("é"));
  assert.equal(heard.join(""), "[output cut: stdout is longer than 1 bytes, the rest was not kept]\n");
  assert.equal(capture.text(), heard.join(""));
});

test("lines are handed on whole, and a line without an end in pieces", () => {
  const heard: string[] = [];
  const capture = createCapture(1_000_000, "stdout", (text) => heard.push(text));
  capture.push(Buffer.from("one\ntw"));
  capture.push(Buffer.from("o\nthree\nfo"));
  capture.push(Buffer.from("ur"));
  assert.deepEqual(heard, ["one\n", "two\nthree\n"]);
  capture.push(Buffer.alloc(20_000, "x"));
  assert.equal(heard.length, 3);
  capture.end();
  assert.equal(heard.join(""), capture.text());
});
