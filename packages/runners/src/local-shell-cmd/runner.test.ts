import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import type { Job } from "../port.ts";
import { createLocalShellCmd } from "./runner.ts";

const settings = settle({ killGraceMs: 300, drainMs: 300 });
const runner = createLocalShellCmd(settings);
const run = (cmd: string, parameters: Record<string, unknown> = {}, parts: Partial<Job> = {}, io = aListener()) =>
  runner.run(aJob({ runnerParameters: { cmd, ...parameters }, ...parts }), io);

test("a command that exits 0 succeeds and its output comes without its last newline", async () => {
  assert.deepEqual(await run("echo hello; echo there >&2"), {
    status: "succeeded",
    result: { succeeded: true, failed: false, return_code: 0, stdout: "hello", stderr: "there" },
  });
});

test("a command that exits otherwise fails with its code", async () => {
  const outcome = await run("exit 7");
  assert.equal(outcome.status, "failed");
  assert.equal(outcome.result.return_code, 7);
});

test("output that is JSON comes parsed, as in StackStorm", async () => {
  const outcome = await run(`echo '{"a": [1, true]}'; printf '5\\r\\n' >&2`);
  assert.deepEqual(outcome.result.stdout, { a: [1, true] });
  assert.equal(outcome.result.stderr, 5);
});

test("bash's own syntax works", { skip: settings.shells.full === "/bin/sh" && "no bash on this machine" }, async () => {
  assert.equal((await run('[[ abc == a* ]] && echo "${BASH_VERSION:+bash}"')).result.stdout, "bash");
});

test("a plain command that does not exist ends with 127", async () => {
  const outcome = await run("no-such-command-anywhere --at all");
  assert.equal(outcome.result.return_code, 127);
  assert.match(String(outcome.result.stderr), /not found/);
});

test("cwd and env are honoured, and Squall's variables win over the action's env", async () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-"));
  try {
    const outcome = await run('pwd; echo "$WHO $ST2_ACTION_PACK_NAME $LIST"', {
      cwd: folder,
      env: { WHO: "me", ST2_ACTION_PACK_NAME: "forged", LIST: [1, "a"] },
    });
    assert.equal(outcome.result.stdout, `${folder}\nme examples [1, 'a']`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what the service keeps in its environment does not reach the action", async () => {
  const closed = createLocalShellCmd(
    settle({ serviceEnvironment: { PATH: process.env.PATH, SQUALL_KEY: "s3cret", PGPASSWORD: "s3cret", LC_ALL: "C" } }),
  );
  const outcome = await closed.run(aJob({ runnerParameters: { cmd: "env; :" }, environment: {} }), aListener());
  assert.doesNotMatch(String(outcome.result.stdout), /s3cret/);
  assert.match(String(outcome.result.stdout), /^LC_ALL=C$/m);
});

test("a command over its time ends with status timeout and code -9", async () => {
  const io = aListener();
  const outcome = await run("echo started; sleep 1000; :", { timeout: 1 }, {}, io);
  assert.equal(outcome.status, "timeout");
  assert.deepEqual(outcome.result, {
    succeeded: false,
    failed: true,
    return_code: -9,
    stdout: "started",
    stderr: "",
    error: "Action failed to complete in 1 seconds",
  });
});

test("a command that somebody terminates is abandoned", async () => {
  const outcome = await run("kill -TERM $$");
  assert.equal(outcome.status, "abandoned");
  assert.equal(outcome.result.return_code, -15);
});

test("output streams while the command runs", async () => {
  const io = aListener();
  const ended = run("echo first; read -r line < /dev/null; sleep 1000; :", {}, {}, io);
  await io.heard("stdout", "first\n");
  io.control.abort("cancel");
  assert.equal((await ended).status, "canceled");
});

test("a run that is canceled before it starts starts nothing", async () => {
  const io = aListener();
  io.control.abort("cancel");
  const outcome = await run("echo started", {}, {}, io);
  assert.equal(outcome.status, "canceled");
  assert.equal(outcome.result.stdout, "");
});

test("a run stopped by the service's shutdown is abandoned", async () => {
  const io = aListener();
  const ended = run("echo up; sleep 1000; :", {}, {}, io);
  await io.heard("stdout", "up");
  io.control.abort("shutdown");
  assert.equal((await ended).status, "abandoned");
});

test("a missing working directory is said in plain words", async () => {
  const outcome = await run("true", { cwd: "/no/such/folder" });
  assert.equal(outcome.status, "failed");
  assert.match(String(outcome.result.error), /\/no\/such\/folder: the program or the folder does not exist/);
});

test("NUL bytes in a command are refused without repeating the command", async () => {
  const outcome = await run("echo pa\0ss");
  assert.equal(outcome.status, "failed");
  assert.match(String(outcome.result.error), /NUL byte/);
  assert.doesNotMatch(JSON.stringify(outcome), /echo/);
});

test("an environment too large for the system is said in plain words", async () => {
  const outcome = await run("true", { env: { BIG: "x".repeat(4 * 1024 * 1024) } });
  assert.equal(outcome.status, "failed");
  assert.match(String(outcome.result.error), /too long for the system/);
});

test("the memory limit reaches the command", async () => {
  const outcome = await run("ulimit -v", {}, { limits: { outputBytes: 1000, memoryBytes: 512 * 1024 * 1024 } });
  assert.equal(outcome.result.stdout, 512 * 1024);
});
