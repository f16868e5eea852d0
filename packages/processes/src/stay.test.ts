import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { createProcessTable } from "./members.ts";
import { startStaying, type StayingProcess } from "./stay.ts";

const LIMIT = { timeout: 30_000 };
let marks = 0;

function start(script: string, change: { file?: string; graceMs?: number } = {}): Promise<StayingProcess> {
  return startStaying({
    file: change.file ?? "/bin/bash",
    args: ["-c", script],
    cwd: tmpdir(),
    environment: { PATH: process.env.PATH ?? "" },
    mark: `stay-test-${process.pid}-${++marks}`,
    graceMs: change.graceMs ?? 200,
    table: createProcessTable(),
  });
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}

async function text(child: StayingProcess): Promise<string> {
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return chunk.toString();
}

test("one talks to it both ways on descriptor 3 while it stays", LIMIT, async () => {
  const child = await start('read -u 3 line; echo "got $line" >&3; read -u 3 line; exit 4');
  child.channel.write("hello\n");
  const [answer] = (await once(child.channel, "data")) as [Buffer];
  assert.equal(answer.toString(), "got hello\n");
  child.channel.write("bye\n");
  assert.deepEqual(await child.ended, { code: 4, survivors: [] });
});

test("stopping ends it with children that left its session and ignore SIGTERM", LIMIT, async () => {
  const child = await start(
    `setsid bash -c 'trap "" TERM; echo $$; while :; do sleep 1; done' & trap "" TERM; while :; do sleep 1; done`,
  );
  child.stderr.resume();
  const escaped = Number(await text(child));
  assert.ok(isAlive(escaped));
  await child.stop();
  assert.equal((await child.ended).code, -9);
  assert.equal(isAlive(escaped), false);
});

test("what it leaves behind when it ends is ended too, though it holds the pipes", LIMIT, async () => {
  const child = await start("sleep 300 & echo $!; exit 1");
  child.stderr.resume();
  const left = Number(await text(child));
  assert.equal((await child.ended).code, 1);
  assert.equal(isAlive(left), false);
});

test("a program that is not there is an error in words", LIMIT, async () => {
  await assert.rejects(
    start("", { file: "/nowhere/python" }),
    /cannot start \/nowhere\/python in folder .*does not exist/,
  );
});
