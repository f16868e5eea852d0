// Somebody else's NTLM, pyspnego's, against our WinRM runner: that it accepts our sign-in, with its MIC and its binding to the
// certificate, and opens what we seal, and we what it seals.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { createRunners, type Job } from "@squall/runners";
import { virtualenv } from "./virtualenv.ts";

const spnego = await virtualenv("pyspnego", "0.12.0");

suite("against pyspnego", { skip: "missing" in spnego && spnego.missing }, () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "squall-test-spnego-"));
    writeFileSync(join(folder, "users"), "CORP:ada:pa55w\u00f6rd\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function run(scheme: string, password: string, certificate: readonly string[] = []) {
    assert.ok("bin" in spnego);
    const script = join(import.meta.dirname, "winrm_host.py");
    const host = spawn(join(spnego.bin, "python"), [script, join(folder, "users"), ...certificate], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [port] = (await once(host.stdout, "data")) as [Buffer];
      const job: Job = {
        execution: "65f000000000000000000001",
        action: { ref: "examples.one", name: "one", pack: "examples", entryPoint: "" },
        runnerParameters: {
          host: "127.0.0.1",
          port: Number(port.toString()),
          scheme,
          verify_ssl_cert: false,
          username: "CORP\\ada",
          password,
          cmd: "seq 1 2000 | tail -1; echo \u00e4; exit 3",
        },
        actionParameters: {},
        schema: {},
        environment: {},
        config: {},
        user: "stanley",
        context: {},
        limits: { outputBytes: 1024 * 1024 },
      };
      const runner = createRunners().find(({ name }) => name === "winrm-cmd");
      const io = { signal: new AbortController().signal, output: () => {}, announce: () => {} };
      return await runner?.run(job, io);
    } finally {
      const gone = once(host, "exit");
      host.kill();
      await gone;
    }
  }

  test("a command runs over http with sealed messages", async () => {
    const outcome = await run("http", "pa55w\u00f6rd");
    assert.deepEqual(
      [outcome?.status, outcome?.result.return_code, outcome?.result.stdout],
      ["failed", 3, "2000\n\u00e4"],
    );
  });

  test("a wrong password is refused", async () => {
    await assert.rejects(run("http", "wrong"), { code: "runner.winrm.sign-in" });
  });

  test("a command runs over https, bound to its certificate", async (context) => {
    const [key, certificate] = [join(folder, "key"), join(folder, "certificate")];
    const request = [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=127.0.0.1",
      "-sha256",
    ];
    try {
      execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    } catch {
      return context.skip("no openssl");
    }
    appendFileSync(certificate, readFileSync(key));
    const outcome = await run("https", "pa55w\u00f6rd", [certificate]);
    assert.equal(outcome?.result.return_code, 3, JSON.stringify(outcome));
  });
});
