import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { JsonObject } from "@squall/model";
import { aJob, aListener, type Listener } from "../a-job.ts";
import { type RunnerOptions, settle } from "../options.ts";
import type { Job } from "../port.ts";
import { findSshd, makeKey, type Sshd, startSshd } from "../ssh/an-sshd.ts";
import { createSshPool, type SshPool } from "../ssh/pool.ts";
import { createRemoteShellCmd } from "./runner.ts";

const found = await findSshd();

describe("over a real sshd", { skip: "missing" in found && found.missing }, () => {
  let sshd: Sshd;
  const pools: SshPool[] = [];
  const using = (ssh: RunnerOptions["ssh"] = {}, more: RunnerOptions = {}) => {
    // No agent of whoever runs the test.
    const serviceEnvironment = { PATH: process.env.PATH, HOME: sshd.folder };
    const settings = settle({
      killGraceMs: 500,
      drainMs: 500,
      serviceEnvironment,
      ...more,
      ssh: { keyFile: sshd.keyFile, ...ssh },
    });
    const pool = createSshPool(settings.ssh);
    pools.push(pool);
    const runner = createRemoteShellCmd(settings, pool);
    return {
      pool,
      run: (parameters: JsonObject, io: Listener = aListener(), parts: Partial<Job> = {}) =>
        runner.run(aJob({ runnerParameters: { hosts: "127.0.0.1", port: sshd.port, ...parameters }, ...parts }), io),
    };
  };
  const only = (result: JsonObject): JsonObject => Object.values(result)[0] as JsonObject;
  let usual: ReturnType<typeof using>;

  before(async () => {
    if ("missing" in found) return;
    sshd = await startSshd(found.file);
    usual = using();
  });
  after(async () => {
    for (const pool of pools) await pool[Symbol.asyncDispose]();
    await sshd[Symbol.asyncDispose]();
  });

  test("a command succeeds with its output, parsed where it is JSON", async () => {
    const outcome = await usual.run({ cmd: `echo '{"a": 1}'; echo hello >&2` });
    assert.deepEqual(outcome, {
      status: "succeeded",
      result: {
        "127.0.0.1": { succeeded: true, failed: false, return_code: 0, stdout: { a: 1 }, stderr: "hello" },
      },
    });
  });

  test("a command that fails has its code, or minus its signal", async () => {
    const outcome = await usual.run({ cmd: "exit 7" });
    assert.deepEqual([outcome.status, only(outcome.result).return_code], ["failed", 7]);
    assert.equal(only((await usual.run({ cmd: "kill -TERM $$" })).result).return_code, -15);
  });

  test("directory, variables and every character of the command arrive as they are", async () => {
    const hostile = `a'b"c\\n$HOME \`id\` %s %b !\u00e4\u{1f600}\ttab`;
    const outcome = await usual.run({
      cmd: `pwd; printf '%s\\n' "$HOSTILE" 'back\\slash' "$ST2_ACTION_PACK_NAME"; [[ abc == a* ]] && echo "line\ntwo"; cat`,
      cwd: "/",
      env: { HOSTILE: hostile, ST2_ACTION_PACK_NAME: "forged" },
    });
    assert.equal(only(outcome.result).stdout, `/\n${hostile}\nback\\slash\nexamples\nline\ntwo`);
    const nowhere = await usual.run({ cmd: "echo ran", cwd: "/no/such folder" });
    assert.equal(nowhere.status, "failed");
    assert.equal(only(nowhere.result).stdout, "");
  });

  test("neither the command nor variables stand in arguments on the host", async () => {
    const outcome = await usual.run({
      cmd: `tr '\\0' ' ' < /proc/$$/cmdline; ps -A -o args= | grep -c 's3[c]ret' ; : w0rd-s3cret`,
      env: { TOKEN: "s3cret" },
    });
    const stdout = String(only(outcome.result).stdout);
    assert.match(stdout, /^bash -c echo squall-[0-9a-f]+ .*\n?0$/);
  });

  test("output of any bytes is kept up to its bound, and streamed while it comes", async () => {
    const io = aListener();
    const parts = { limits: { outputBytes: 10_000 } };
    const outcome = await usual.run({ cmd: `printf 'a\\377\\n'; head -c 100000 /dev/zero | tr '\\0' x` }, io, parts);
    const stdout = String(only(outcome.result).stdout);
    assert.match(stdout, /^a\ufffd\nx+\n\[output cut: stdout is longer than 10000 bytes/);
    assert.ok(Buffer.byteLength(stdout) < 10_200);
    assert.ok(
      io.chunks
        .map(({ data }) => data)
        .join("")
        .startsWith("a\ufffd\nx"),
    );
  });

  test("a timeout ends everything on the host, also what ignores SIGTERM or left the group, and says so", async () => {
    const file = join(sshd.folder, "pids");
    const cmd = `trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $! > ${file}
      (setsid sh -c 'trap "" TERM; echo $$ >> ${file}; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &)
      echo $$ >> ${file}; while [ $(wc -l < ${file}) -lt 3 ]; do sleep 0.1; done; echo started; while :; do sleep 1; done`;
    const outcome = await usual.run({ cmd, timeout: 3 });
    assert.equal(outcome.status, "timeout");
    assert.deepEqual(only(outcome.result), {
      succeeded: false,
      failed: true,
      return_code: -9,
      stdout: "started",
      stderr: "",
      error: "Action failed to complete in 3 seconds",
      timeout: true,
    });
    const left = readFileSync(file, "utf8").trim().split("\n").filter(isRunning);
    assert.deepEqual(left, []);
  });

  test("a cancel ends what runs and keeps what it said; hosts whose turn has not come do not run", async () => {
    const io = aListener();
    const running = usual.run({ hosts: "127.0.0.1,127.0.0.2", cmd: "echo $$; exec sleep 1000" }, io);
    await io.heard("stdout", "\n");
    io.control.abort("cancel");
    const outcome = await running;
    assert.equal(outcome.status, "canceled");
    const first = outcome.result["127.0.0.1"] as JsonObject;
    assert.equal(first.error, "canceled on request");
    assert.ok(!isRunning(String(first.stdout)));
    assert.equal((outcome.result["127.0.0.2"] as JsonObject).error, "canceled on request");
  });

  test("the end is not held up by what the command left running", async () => {
    const outcome = await usual.run({ cmd: "sleep 30 & echo $!" });
    assert.equal(outcome.status, "succeeded");
    process.kill(Number(only(outcome.result).stdout));
  });

  test("hosts in parallel have a result each, and their lines say whose they are", async () => {
    const io = aListener();
    const hosts = Array.from({ length: 9 }, (_, n) => `127.0.0.${n + 1}`).join(",");
    const outcome = await usual.run({ hosts, parallel: true, cmd: "echo on $SSH_CONNECTION | cut -d' ' -f1,4" }, io);
    assert.equal(outcome.status, "succeeded");
    assert.deepEqual(
      Object.entries(outcome.result).map(([host, one]) => [host, (one as JsonObject).stdout]),
      hosts.split(",").map((host) => [host, `on ${host}`]),
    );
    const lines = io.chunks.map(({ data }) => data).join("");
    assert.match(lines, /^\[127\.0\.0\.5\] on 127\.0\.0\.5$/m);
    assert.equal(lines.split("\n").length, 10);
  });

  test("IPv6 works", async (context) => {
    const outcome = await usual.run({ hosts: `[::1]:${sshd.port}`, port: 1, cmd: "true" });
    if (/EADDRNOTAVAIL|EAFNOSUPPORT/.test(String(outcome.result.error))) return context.skip("no IPv6 on this machine");
    assert.deepEqual([outcome.status, Object.keys(outcome.result)], ["succeeded", ["::1"]]);
  });

  test("one host of several that is not reached fails the whole with a word for it, unless part of them is enough", async () => {
    const parameters = { hosts: "127.0.0.1,127.0.0.2:1", cmd: "echo ran" };
    const outcome = await usual.run(parameters);
    assert.equal(outcome.status, "failed");
    assert.equal((outcome.result["127.0.0.1"] as JsonObject).succeeded, true);
    const failed = outcome.result["127.0.0.2"] as JsonObject;
    assert.equal(failed.return_code, 255);
    assert.match(String(failed.error), /^127\.0\.0\.2:1 refuses the connection/);
    assert.equal((await using({ allowPartialFailure: true }).run(parameters)).status, "succeeded");
  });

  test("a host that cannot be reached, has no such name or never answers is said as such", async () => {
    const error = async (parameters: JsonObject, ssh: RunnerOptions["ssh"] = {}) => {
      const outcome = await using({ connectMs: 1000, ...ssh }).run({ cmd: "true", ...parameters });
      assert.equal(outcome.status, "failed");
      return String(outcome.result.error);
    };
    assert.match(await error({ hosts: "127.0.0.1:1" }), /^Unable to connect to the host\. .*refuses the connection/);
    assert.match(await error({ hosts: "no-such-host.invalid" }), /no-such-host\.invalid:\d+ is not known/);
    // A reader that never says a word.
    const { createServer } = await import("node:net");
    const mute = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => mute.once("listening", done));
    const address = mute.address() as { port: number };
    assert.match(await error({ hosts: `127.0.0.1:${address.port}` }), /does not finish the sign-in/);
    mute.close();
  });

  test("a wrong key, an unusable key and a locked key are told apart, and none is shown", async () => {
    const stranger = join(sshd.folder, "stranger");
    makeKey(stranger);
    const locked = join(sshd.folder, "locked");
    makeKey(locked, "open sesame");
    const text = readFileSync(stranger, "utf8");
    const wrong = await usual.run({ cmd: "true", private_key: text });
    assert.match(String(wrong.result.error), /does not let \S+ in with the given private key/);
    assert.ok(!JSON.stringify(wrong).includes(text.split("\n")[1] ?? ""));
    await assert.rejects(
      usual.run({ cmd: "true", private_key: locked }),
      /is encrypted\. Give the parameter passphrase/,
    );
    await assert.rejects(usual.run({ cmd: "true", private_key: locked, passphrase: "wrong" }), /cannot be decrypted/);
    await assert.rejects(usual.run({ cmd: "true", private_key: "/etc/hostname" }), { code: "runner.ssh.key" });
    for (const private_key of ["/no/such/key", "/dev/zero", sshd.folder])
      await assert.rejects(usual.run({ cmd: "true", private_key }), /cannot be read/);
  });

  for (const type of ["rsa", "ecdsa", "ed25519"])
    test(`an ${type} key with a passphrase, as text or as a path, lets in`, async () => {
      const locked = join(sshd.folder, `locked-${type}`);
      makeKey(locked, "open sesame", type);
      const authorized = join(sshd.folder, "authorized_keys");
      writeFileSync(authorized, readFileSync(authorized, "utf8") + readFileSync(`${locked}.pub`, "utf8"));
      for (const private_key of [locked, readFileSync(locked, "utf8")]) {
        const outcome = await using({ keyFile: "/none" }).run({ cmd: "true", private_key, passphrase: "open sesame" });
        assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
      }
    });

  test("the keys of an agent let in", async () => {
    const socket = join(sshd.folder, "agent");
    const [, pid = ""] =
      /SSH_AGENT_PID=(\d+)/.exec(execFileSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" })) ?? [];
    try {
      execFileSync("ssh-add", ["-q", sshd.keyFile], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: "ignore",
      });
      const serviceEnvironment = { HOME: sshd.folder, SSH_AUTH_SOCK: socket };
      const outcome = await using({ keyFile: "/none" }, { serviceEnvironment }).run({ cmd: "true" });
      assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
    } finally {
      process.kill(Number(pid));
    }
  });

  test("ssh_config names address, port, user and key of a host", async () => {
    const configFile = join(sshd.folder, "ssh_config");
    writeFileSync(
      configFile,
      `Host front\n  HostName 127.0.0.9\n  Port ${sshd.port}\n  IdentityFile ${sshd.keyFile}\n`,
    );
    const outcome = await using({ configFile, keyFile: "/none" }).run({ hosts: "front", port: null, cmd: "true" });
    assert.deepEqual([outcome.status, Object.keys(outcome.result)], ["succeeded", ["front"]]);
  });

  test("a host whose key has changed is refused until the old key is forgotten", async () => {
    if ("missing" in found) return;
    const knownHostsFile = join(sshd.folder, "known_hosts");
    await using changing = await startSshd(found.file);
    const run = (hostKeys: "first-use" | "strict" | "off" = "first-use") =>
      using({ knownHostsFile, hostKeys, keyFile: changing.keyFile }).run({ cmd: "true", port: changing.port });
    assert.match(String((await run("strict")).result.error), /is not known\. It shows ssh-ed25519 SHA256:/);
    assert.equal((await run()).status, "succeeded");
    assert.equal((await run("strict")).status, "succeeded");
    const { port, folder } = changing;
    await changing[Symbol.asyncDispose]();
    mkdirSync(folder);
    await using renewed = await startSshd(found.file, { port, folder });
    const again = (hostKeys: "first-use" | "off") =>
      using({ knownHostsFile, hostKeys, keyFile: renewed.keyFile }).run({ cmd: "true", port });
    const refused = await again("first-use");
    assert.match(String(refused.result.error), /key of \[127\.0\.0\.1\]:\d+ has changed.*ssh-keygen -f/);
    assert.equal((await again("off")).status, "succeeded");
    execFileSync("ssh-keygen", ["-f", knownHostsFile, "-R", `[127.0.0.1]:${port}`], { stdio: "ignore" });
    assert.equal((await again("first-use")).status, "succeeded");
    rmSync(folder, { recursive: true, force: true });
  });

  test("connections are used again by those who sign in the same way, and by nobody else", async () => {
    if ("missing" in found) return;
    await using counted = await startSshd(found.file);
    const twin = join(counted.folder, "twin");
    makeKey(twin);
    writeFileSync(
      join(counted.folder, "authorized_keys"),
      readFileSync(`${counted.keyFile}.pub`, "utf8") + readFileSync(`${twin}.pub`, "utf8"),
    );
    const { run, pool } = using({ keyFile: counted.keyFile });
    const signIns = () => counted.log().split("Accepted publickey").length - 1;
    const parameters = { cmd: "echo $SSH_CONNECTION", port: counted.port };
    const first = await run(parameters);
    const second = await run(parameters);
    assert.deepEqual(only(second.result).stdout, only(first.result).stdout);
    assert.equal(signIns(), 1);
    await run({ ...parameters, private_key: twin });
    assert.equal(signIns(), 2);
    await run({ ...parameters, cmd: "sleep 100", timeout: 1 });
    // What may still hold something of a run that was ended is not given to the next.
    await run(parameters);
    assert.equal(signIns(), 3);
    assert.equal(pool.size, 2);
  });

  test("no more connections than allowed are open, and all hosts get their turn", async () => {
    const { run, pool } = using({ connections: 3 });
    const hosts = Array.from({ length: 30 }, (_, n) => `127.0.1.${n + 1}`).join(",");
    const outcome = await run({ hosts, parallel: true, cmd: "true" });
    assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
    assert.ok(pool.size <= 3);
  });

  test("hosts that wait for a connection are let go by a cancel, and the next ones get their turn", async () => {
    const { run, pool } = using({ connections: 2 });
    const hosts = Array.from({ length: 30 }, (_, n) => `127.0.1.${n + 1}`).join(",");
    const io = aListener();
    const running = run({ hosts, parallel: true, cmd: "echo began; sleep 1000" }, io);
    await io.heard("stdout", "began");
    io.control.abort("cancel");
    const outcome = await running;
    assert.deepEqual([outcome.status, Object.keys(outcome.result).length], ["canceled", 30]);
    assert.equal((await run({ hosts, parallel: true, cmd: "true" })).status, "succeeded");
    await pool[Symbol.asyncDispose]();
    assert.equal(pool.size, 0);
  });

  test("a connection that broke while it was idle is not used again; one that breaks in the middle is said", async () => {
    if ("missing" in found) return;
    const { run } = usual;
    const outcome = await run({ hosts: "127.0.0.77", cmd: "echo began; kill -9 $PPID; sleep 1" });
    assert.match(String(only(outcome.result).error), /connection to 127\.0\.0\.77:\d+ broke off/);
    assert.equal((await run({ hosts: "127.0.0.77", cmd: "true" })).status, "succeeded");
  });

  test("a bastion passes on to hosts with one connection for all, and is named when it cannot", async () => {
    if ("missing" in found) return;
    await using bastion = await startSshd(found.file);
    writeFileSync(join(bastion.folder, "authorized_keys"), readFileSync(`${sshd.keyFile}.pub`, "utf8"));
    const { run } = using();
    const hosts = Array.from({ length: 6 }, (_, n) => `127.0.0.${n + 1}`).join(",");
    const parameters = { hosts, parallel: true, cmd: "true", bastion_host: `127.0.0.1:${bastion.port}` };
    const outcome = await run(parameters);
    assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
    assert.equal(bastion.log().split("Accepted publickey").length - 1, 1);
    const closed = await using().run({ cmd: "true", bastion_host: "127.0.0.1:1" });
    assert.match(String(closed.result.error), /the bastion 127\.0\.0\.1:1 refuses the connection/);
    const beyond = await using().run({ cmd: "true", hosts: "127.0.0.1:1", bastion_host: `127.0.0.1:${bastion.port}` });
    assert.match(String(beyond.result.error), /the bastion 127\.0\.0\.1:\d+ cannot reach 127\.0\.0\.1:1/);
  });

  test("sudo runs as root with the password on its stdin, which the command does not see", async () => {
    if ("missing" in found) return;
    // A stand-in that asks for the password "right", or for none where its name says so.
    const bin = join(sshd.folder, "bin");
    mkdirSync(bin);
    const sudo = join(bin, "sudo");
    writeFileSync(
      sudo,
      `#!/bin/sh
needs=
while [ "$1" != -- ]; do case "$1" in -S) needs=1 ;; -p) shift ;; esac; shift; done; shift
if [ -n "$needs" ] && [ ! -e "${bin}/free" ]; then read -r given
  if [ "$given" != right ]; then echo "Sorry, try again." >&2; echo "sudo: 1 incorrect password attempt" >&2; exit 1; fi
fi
AS_ROOT=yes exec "$@"
`,
    );
    chmodSync(sudo, 0o755);
    await using privileged = await startSshd(found.file, { folder: sshd.folder, bin });
    const run = (parameters: JsonObject) =>
      usual.run({ port: privileged.port, sudo: true, cmd: "echo $AS_ROOT; cat", ...parameters });
    assert.equal(only((await run({})).result).stdout, "yes");
    assert.equal(only((await run({ sudo_password: "right" })).result).stdout, "yes");
    const wrong = await run({ sudo_password: "wr0ng" });
    assert.deepEqual([wrong.status, only(wrong.result).return_code], ["failed", -1]);
    assert.match(String(only(wrong.result).error), /Invalid sudo password/);
    assert.doesNotMatch(JSON.stringify(wrong), /wr0ng/);
    writeFileSync(join(bin, "free"), "");
    assert.equal(only((await run({ sudo_password: "right" })).result).stdout, "yes");
    const late = await run({ sudo_password: "right", cmd: "echo $$; exec sleep 1000", timeout: 2 });
    assert.equal(late.status, "timeout", JSON.stringify(late));
    assert.ok(!isRunning(String(only(late.result).stdout)));
  });

  test("a process whose connections are all idle may end", async () => {
    const program = `
      const { createRunners } = await import(${JSON.stringify(new URL("../index.ts", import.meta.url).href)});
      const { aJob, aListener } = await import(${JSON.stringify(new URL("../a-job.ts", import.meta.url).href)});
      const [hosts, port, keyFile] = ["127.0.0.1", ${sshd.port}, ${JSON.stringify(sshd.keyFile)}];
      const runner = createRunners({ ssh: { keyFile } }).find(({ name }) => name === "remote-shell-cmd");
      const runnerParameters = { hosts, port, cmd: "true", bastion_host: "127.0.0.2:" + port };
      console.log((await runner.run(aJob({ runnerParameters }), aListener())).status);`;
    // It would take the minute for which idle connections are kept.
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
      timeout: 30_000,
    });
    assert.equal(stdout.trim(), "succeeded");
  });

  test("hosts that fail leave no open file behind", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const { run, pool } = using({ connectMs: 2000 });
    const wrong = join(sshd.folder, "wrong");
    makeKey(wrong);
    const hosts = Array.from({ length: 20 }, (_, n) => `127.0.2.${n + 1}`).join(",");
    await run({ hosts, parallel: true, cmd: "true", private_key: wrong });
    const before = open();
    await run({ hosts, parallel: true, cmd: "true", private_key: wrong });
    await run({ hosts, parallel: true, cmd: "true", port: 1 });
    assert.equal(pool.size, 0, "a place of a host that failed is not given back");
    assert.ok(open() <= before + 2, `${before} -> ${open()}`);
  });

  test("nothing that a shell could not take is sent", async () => {
    await assert.rejects(usual.run({ cmd: "true", env: { "A; rm -rf /": "1" } }), { code: "runner.ssh.env" });
    await assert.rejects(usual.run({ cmd: "" }), { code: "runner.ssh.cmd" });
    await assert.rejects(usual.run({ cmd: "true", port: 0 }), { code: "runner.ssh.port" });
  });
});

function isRunning(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
