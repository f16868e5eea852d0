import { microsNow } from "@squall/model";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { backOff } from "./back-off.ts";
import { createRate } from "./rate.ts";
import { createSensorLog } from "./sensor-log.ts";

test("pauses double up to a minute and stay there, with a quarter left to chance", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) => backOff(failures, 1));
  assert.deepEqual(longest, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
  assert.equal(backOff(1, 0), 750);
});

test("a rate lets a burst through, then so many a second; time refills it, a clock set back does not", () => {
  const rate = createRate(10, 3);
  assert.deepEqual([rate.take(0), rate.take(0), rate.take(0)], [0, 0, 0]);
  assert.deepEqual([rate.take(0), rate.take(0)], [100, 200]);
  assert.equal(rate.take(300), 0);
  assert.equal(rate.take(100), 100);
  assert.equal(rate.take(100_000), 0);
  assert.equal(rate.take(100_000), 0);
});

function aLog(t: TestContext, bytes = 10_000) {
  const directory = mkdtempSync(join(tmpdir(), "squall-log-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "logs", "a.log");
  const trouble: unknown[] = [];
  const open = () => createSensorLog(path, bytes, microsNow, (error) => trouble.push(error));
  return { path, trouble, open, log: open() };
}

const ALL = { bytes: 1 << 20 };

test("a log keeps its last lines in two bounded files, and whole lines only", async (t) => {
  const { log, path } = aLog(t);
  for (let line = 0; line < 1000; line++) {
    log.write("out", `line ${line}`);
    if (line % 10 === 0) await log.flushed();
  }
  const { text } = await log.read(ALL);
  assert.ok(statSync(path).size <= 5_000 && statSync(`${path}.1`).size <= 5_000);
  const lines = text.trimEnd().split("\n");
  assert.match(lines.at(-1) ?? "", /Z out {4}line 999$/);
  const numbers = lines.map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, at) => 1000 - numbers.length + at),
  );
  assert.equal((await log.read({ ...ALL, lines: 2 })).text, `${lines.slice(-2).join("\n")}\n`);
  assert.ok((await log.read({ bytes: 150 })).text.split("\n").every((line) => line === "" || /^\d{4}-/.test(line)));
});

test("who asks with a position gets what came after it, also over a restart", async (t) => {
  const { log, open } = aLog(t);
  log.write("out", "one");
  const first = await log.read(ALL);
  log.write("out", "two\nthree");
  const second = await log.read({ ...ALL, after: first.position });
  assert.deepEqual(second.text.match(/two|three|one/g), ["two", "three"]);
  assert.equal((await log.read({ ...ALL, after: second.position })).text, "");
  const again = open();
  again.write("squall", "four");
  assert.deepEqual((await again.read({ ...ALL, after: second.position })).text.match(/\w+$/gm), ["four"]);
  assert.match((await again.read({ ...ALL, after: 1e9 })).text, /one[^]*four/);
});

test("waiting for more ends when there is more, or when nobody waits any longer", async (t) => {
  const { log } = aLog(t);
  log.write("out", "one");
  const { position } = await log.read(ALL);
  const grown = log.grown(position, new AbortController().signal);
  log.write("out", "two");
  await grown;
  await log.grown(position, new AbortController().signal);
  const nobody = new AbortController();
  const waiting = log.grown((await log.read(ALL)).position, nobody.signal);
  nobody.abort();
  await waiting;
});

test("a disk that takes nothing costs lines and nothing else, and is written to when it does again", async (t) => {
  const { path, trouble, log } = aLog(t);
  // A file stands where the folder should be.
  const folder = dirname(path);
  writeFileSync(folder, "in the way");
  log.write("out", "lost");
  assert.equal((await log.read(ALL)).text, "");
  log.write("out", "lost, too");
  assert.equal((await log.read(ALL)).text, "");
  assert.equal(trouble.length, 1);
  rmSync(folder);
  log.write("out", "kept");
  assert.match((await log.read(ALL)).text, /kept\n$/);
});
