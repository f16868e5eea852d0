import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { JsonObject } from "@squall/model";
import { aJob, aListener, type Listener } from "../a-job.ts";
import type { Job } from "../port.ts";
import { PASSWORD, selfSigned, startWindowsHost, type WindowsHost } from "./a-windows-host.ts";
import { createWinrmCmd, createWinrmPsCmd, createWinrmPsScript } from "./runner.ts";

const runners = { cmd: createWinrmCmd(), ps: createWinrmPsCmd(), script: createWinrmPsScript() };
const run = (
  host: WindowsHost,
  parameters: JsonObject,
  more: { runner?: keyof typeof runners; io?: Listener; parts?: Partial<Job> } = {},
) =>
  runners[more.runner ?? "cmd"].run(
    aJob({
      ...more.parts,
      runnerParameters: {
        host: "127.0.0.1",
        port: host.port,
        scheme: "http",
        username: "CORP\\ada",
        password: PASSWORD,
        ...parameters,
      },
    }),
    more.io ?? aListener(),
  );
const tls = selfSigned();

test("a command runs over http, signed in and sealed by NTLM, and leaves no shell", async () => {
  await using host = await startWindowsHost();
  const io = aListener();
  const outcome = await run(
    host,
    {
      cmd: `echo "<$WHO> & $PWD"; sleep 0.3; echo '{"a": "\u00e4"}' >&2`,
      env: { WHO: 'a"b <&>\u{1f600}' },
      cwd: "/usr",
    },
    { io },
  );
  assert.deepEqual(outcome, {
    status: "succeeded",
    result: {
      succeeded: true,
      failed: false,
      return_code: 0,
      stdout: '<a"b <&>\u{1f600}> & /usr',
      stderr: { a: "\u00e4" },
    },
  });
  assert.equal(host.shells.size, 0);
  assert.ok(host.served.filter((action) => action === "Receive").length > 2);
  assert.equal(io.chunks[0]?.data, '<a"b <&>\u{1f600}> & /usr\n');
});

test("a command that fails has its code", async () => {
  await using host = await startWindowsHost();
  const outcome = await run(host, { cmd: "echo no >&2; exit 3" });
  assert.deepEqual([outcome.status, outcome.result.return_code, outcome.result.stderr], ["failed", 3, "no"]);
});

test("https works with NTLM, bound to the certificate, and with basic", {
  skip: tls === undefined && "no openssl",
}, async () => {
  if (tls === undefined) return;
  const parameters = { scheme: "https", cmd: "echo over TLS", verify_ssl_cert: false };
  await using ntlm = await startWindowsHost({ tls });
  assert.equal((await run(ntlm, parameters)).result.stdout, "over TLS");
  await using basic = await startWindowsHost({ tls, offers: "basic" });
  const named = { ...parameters, username: "ada", transport: "ssl" };
  assert.equal((await run(basic, named)).result.stdout, "over TLS");
  await assert.rejects(run(ntlm, { ...parameters, verify_ssl_cert: true }), /certificate that is not trusted/);
});

test("basic over http works where it is asked for", async () => {
  await using host = await startWindowsHost({ offers: "basic" });
  const outcome = await run(host, { username: "ada", transport: "plaintext", cmd: "echo plain" });
  assert.equal(outcome.result.stdout, "plain");
  await assert.rejects(run(host, { cmd: "true" }), /cannot be signed in to by ntlm: it offers Basic/);
});

test("a wrong password, a host without NTLM, and one that is not there are told apart", async () => {
  await using host = await startWindowsHost();
  const refused = run(host, { cmd: "true", password: "wr0ng" });
  await assert.rejects(refused, {
    code: "runner.winrm.sign-in",
    message: /does not let CORP\\ada in with this password/,
  });
  await using kerberos = await startWindowsHost({ offers: "kerberos" });
  await assert.rejects(run(kerberos, { cmd: "true" }), /it offers Kerberos/);
  const gone = { ...host, port: 1 };
  await assert.rejects(run(gone, { cmd: "true" }), { code: "runner.winrm.unreachable" });
  await assert.rejects(run(host, { cmd: "true", transport: "kerberos" }), { code: "runner.winrm.transport" });
  await assert.rejects(run(host, { cmd: "true", host: "a b" }), { code: "runner.winrm.parameters" });
  await assert.rejects(run(host, { cmd: "true", cwd: "Z:\\" }), /refuses Create: The directory name is invalid/);
});

test("a timeout ends the command on the host and keeps what it said", async () => {
  await using host = await startWindowsHost();
  const outcome = await run(host, { cmd: "echo began; sleep 100", timeout: 1 });
  assert.deepEqual(outcome, {
    status: "timeout",
    result: {
      succeeded: false,
      failed: true,
      return_code: -1,
      stdout: "began",
      stderr: "",
      error: "Action failed to complete in 1 seconds",
    },
  });
  assert.ok(host.served.includes("Signal"));
  assert.equal(host.shells.size, 0);
});

test("a cancel ends the command on the host", async () => {
  await using host = await startWindowsHost();
  const io = aListener();
  const running = run(host, { cmd: "echo began; sleep 100" }, { io });
  await io.heard("stdout", "began");
  io.control.abort("cancel");
  assert.equal((await running).status, "canceled");
  assert.equal(host.shells.size, 0);
});

test("a host that closes connections is signed in to again", async () => {
  await using host = await startWindowsHost({ closesAfter: 2 });
  const outcome = await run(host, { cmd: "echo one; sleep 0.3; echo two" });
  assert.equal(outcome.result.stdout, "one\ntwo");
});

test("a connection that breaks while an answer is awaited is said", async () => {
  await using host = await startWindowsHost();
  const io = aListener();
  const running = run(host, { cmd: "echo began; sleep 100" }, { io });
  await io.heard("stdout", "began");
  host.disconnect();
  await assert.rejects(running, { code: "runner.winrm.unreachable" });
  assert.equal(host.shells.size, 0);
});

test("output beyond its bound is cut, and bytes that are no UTF-8 do not break it", async () => {
  await using host = await startWindowsHost();
  const outcome = await run(
    host,
    { cmd: "printf 'a\\377b\\n'; head -c 50000 /dev/zero | tr '\\0' x" },
    { parts: { limits: { outputBytes: 1000 } } },
  );
  assert.match(String(outcome.result.stdout), /^a\ufffdb\nx+\n\[output cut: stdout is longer than 1000 bytes/);
});

test("PowerShell runs with its errors readable", async () => {
  await using host = await startWindowsHost();
  const cmd = `echo '\u00e4"'; printf '#< CLIXML\\r\\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj S="progress" RefId="0"><S>Preparing</S></Obj><S S="Error">It broke &lt;here&gt;_x000D__x000A_</S><S S="Error">badly_x000D__x000A_</S></Objs>' >&2; exit 1`;
  const outcome = await run(host, { cmd }, { runner: "ps" });
  assert.deepEqual([outcome.result.stdout, outcome.result.stderr], ['\u00e4"', "It broke <here>\nbadly"]);
});

test("a script of the pack runs without the mark at its beginning", async () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-winrm-"));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "actions"));
  writeFileSync(join(folder, "actions", "one.ps1"), "\ufeffecho from the pack\n");
  await using host = await startWindowsHost();
  const action = { ref: "examples.one", name: "one", pack: "examples", entryPoint: "one.ps1" };
  const outcome = await run(host, {}, { runner: "script", parts: { packPath: folder, action } });
  assert.equal(outcome.result.stdout, "from the pack", JSON.stringify(outcome));
});

test("a script too long for a command line is brought over in pieces, and removed, also when it is stopped", async () => {
  await using host = await startWindowsHost();
  const cmd = `: '${"\u00e4x".repeat(5_000)}'\necho ran; exit 4`;
  const outcome = await run(host, { cmd }, { runner: "ps" });
  assert.deepEqual([outcome.status, outcome.result.return_code, outcome.result.stdout], ["failed", 4, "ran"]);
  assert.deepEqual(host.scripts(), []);
  const late = await run(host, { cmd: cmd.replace("exit 4", "sleep 100"), timeout: 3 }, { runner: "ps" });
  assert.deepEqual([late.status, late.result.stdout], ["timeout", "ran"]);
  assert.deepEqual(host.scripts(), []);
});
