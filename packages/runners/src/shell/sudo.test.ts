import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import { createLocalShellCmd } from "../local-shell-cmd/runner.ts";
import { sendElevated } from "@squall/processes";

/*
 * A stand-in for sudo that takes its options, checks the password "right" and runs the command as the same user. What
 * it cannot show: another user's processes. Where the machine has a real sudo without password, that is used as well.
 */
const folder = mkdtempSync(join(tmpdir(), "squall-test-sudo-"));
const sudo = join(folder, "sudo");
writeFileSync(
  sudo,
  `#!/bin/sh
needs=
while [ "$1" != -- ]; do
  case "$1" in -S) needs=1 ;; -p|-u) export "SUDO_OPTION_$(echo "$1" | tr -d -)=$2"; shift ;; esac
  shift
done
shift
if [ -n "$needs" ]; then
  read -r given
  if [ "$given" != right ]; then echo "Sorry, try again." >&2; echo "sudo: 1 incorrect password attempt" >&2; exit 1; fi
fi
exec "$@"
`,
);
chmodSync(sudo, 0o755);
after(() => rmSync(folder, { recursive: true }));

const serviceEnvironment = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
const run = (parameters: object, systemUser?: string) =>
  createLocalShellCmd(settle({ serviceEnvironment, ...(systemUser === undefined ? {} : { systemUser }) })).run(
    aJob({ runnerParameters: { cmd: "echo ran as $SUDO_OPTION_u", ...parameters } }),
    aListener(),
  );

test("sudo with the right password on stdin runs the command", async () => {
  const outcome = await run({ sudo: true, sudo_password: "right" });
  assert.deepEqual([outcome.status, outcome.result.stdout], ["succeeded", "ran as"]);
});

test("a bash with the password on its stdin runs no startup file", async () => {
  const home = mkdtempSync(join(tmpdir(), "squall-test-home-"));
  writeFileSync(join(home, ".bashrc"), "echo startup\n");
  const cmd = "bash -c 'echo nested'; echo well";
  const outcome = await run({ sudo: true, sudo_password: "right", cmd, env: { HOME: home } });
  rmSync(home, { recursive: true });
  assert.equal(outcome.result.stdout, "nested\nwell");
});

test("a wrong sudo password is said as such, with code -1", async () => {
  const outcome = await run({ sudo: true, sudo_password: "wr0ng" });
  assert.deepEqual([outcome.status, outcome.result.return_code], ["failed", -1]);
  assert.match(String(outcome.result.error), /Invalid sudo password/);
  assert.doesNotMatch(JSON.stringify(outcome), /wr0ng/);
});

test("a system user other than the service's is reached through sudo", async () => {
  assert.equal((await run({}, "stanley")).result.stdout, "ran as stanley");
});

test("what may not be signalled directly is signalled through sudo", async () => {
  const child = spawn("sleep", ["1000"]);
  const ended = once(child, "exit");
  await sendElevated({ argv: [sudo, "-S", "--"], stdin: "right\n" }, [child.pid ?? 0], "SIGTERM");
  assert.deepEqual(await ended, [null, "SIGTERM"]);
});
