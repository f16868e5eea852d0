import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { promisify } from "node:util";
import { quote, remoteCommand, signalCommand } from "./remote-command.ts";

/** What this machine's shell says to a command as a host's would. */
async function said({ exec, stdin, mark }: ReturnType<typeof remoteCommand>): Promise<string> {
  const running = promisify(execFile)("/bin/sh", ["-c", exec]);
  running.child.stdin?.end(stdin);
  const { stdout } = await running;
  return stdout.replace(new RegExp(`^${mark} \\d+\\n`), "");
}

// Only counting: with a real signal a mistake here would be the end of the machine that runs the tests.
test("without a leader, or with one that would mean everything, nothing is found", async () => {
  for (const leader of [undefined, 0, 1, -1, Number.NaN, 1.5])
    assert.equal(await said(signalCommand({ mark: "squall-none", leader }, "0")), "0\n", String(leader));
});

test("what the signal comes from is never found, even where it descends from the leader", async () => {
  const command = signalCommand({ mark: "squall-none", leader: process.pid }, "0");
  const child = spawn("sleep", ["100"]);
  await once(child, "spawn");
  // This process is above the shell that asks: a leader that nobody may be, and so nothing of its is.
  const found = await said(command);
  child.kill();
  await once(child, "exit");
  assert.equal(found, "0\n");
});

test("processes are found by the group of their leader and by their mark", async () => {
  const marked = spawn("sleep", ["100"], { env: { ...process.env, SQUALL_RUN: "squall-marked" } });
  const led = spawn("sleep", ["100"], { detached: true });
  try {
    await Promise.all([once(marked, "spawn"), once(led, "spawn")]);
    assert.equal(await said(signalCommand({ mark: "squall-none", leader: led.pid }, "0")), "1\n");
    assert.equal(
      await said(signalCommand({ mark: "squall-marked", leader: undefined }, "0")),
      process.platform === "linux" ? "1\n" : "0\n",
    );
  } finally {
    marked.kill();
    led.kill();
  }
});

test("text, directory and variables come through whatever they hold", async () => {
  const odd = `a'b"\\n\\\\ $HOME %s \`id\` !x\n\ttwo\r`;
  const run = { shellText: `printf '<%s>' "$ODD" ${quote(odd)}; pwd`, cwd: "/", environment: { ODD: odd } };
  assert.equal(await said(remoteCommand(run)), `<${odd}><${odd}>/\n`);
});

test("what the login shell sees has nothing that csh or fish would read differently", () => {
  const { exec } = remoteCommand({ shellText: "secret", cwd: "/", environment: { TOKEN: "secret" } });
  assert.doesNotMatch(exec, /[\\!\n]|secret/);
});
