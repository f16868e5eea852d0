import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { JsonObject } from "@squall/model";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import type { Job } from "../port.ts";
import { startPasswordHost } from "../ssh/a-password-host.ts";
import { findSshd, type Sshd, startSshd } from "../ssh/an-sshd.ts";
import { createSshPool, type SshPool } from "../ssh/pool.ts";
import { createRemoteShellScript } from "./runner.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-test-remote-script-"));
const [pack, there] = [join(folder, "pack"), join(folder, "there")];
mkdirSync(join(pack, "actions", "lib", "deep"), { recursive: true });
mkdirSync(there);
writeFileSync(
  join(pack, "actions", "it's.sh"),
  `#!/bin/sh\n. "$(dirname "$0")/lib/deep/more.sh"\nfor a; do echo "<$a>"; done\npwd\nsay\nls "$(dirname "$0")"\n[ -z "$HANG" ] || { echo now; sleep 100; }\n`,
  { mode: 0o600 },
);
writeFileSync(join(pack, "actions", "lib", "deep", "more.sh"), "say() { echo from lib; }\n");
writeFileSync(join(pack, "actions", "lib", "bytes"), Buffer.from([0, 255, 10, 92]));
after(() => rmSync(folder, { recursive: true }));

const job = (parameters: JsonObject, parts: Partial<Job> = {}): Job =>
  aJob({
    packPath: pack,
    action: { ref: "examples.script", name: "script", pack: "examples", entryPoint: "it's.sh" },
    actionParameters: { who: "it's", list: [1, "b"], flag: true, first: 0 },
    schema: { first: { type: "integer", position: 0 } },
    ...parts,
    runnerParameters: { hosts: "127.0.0.1", cwd: "/", dir: join(there, "new"), ...parameters },
  });
const SAID = "<--who=it's>\n<--list=[1, 'b']>\n<--flag>\n<>\n/\nfrom lib\nit's.sh\nlib";
const left = () => readdirSync(join(there, "new"));

const found = await findSshd();
describe("over a real sshd", { skip: "missing" in found && found.missing }, () => {
  let sshd: Sshd;
  let pool: SshPool;
  let runner: ReturnType<typeof createRemoteShellScript>;
  before(async () => {
    if ("missing" in found) return;
    sshd = await startSshd(found.file);
    const settings = settle({ killGraceMs: 300, drainMs: 300, ssh: { keyFile: sshd.keyFile } });
    pool = createSshPool(settings.ssh);
    runner = createRemoteShellScript(settings, pool);
  });
  after(async () => {
    await pool[Symbol.asyncDispose]();
    await sshd[Symbol.asyncDispose]();
  });

  test("a script is copied with its lib, runs with its arguments, and nothing of it stays", async () => {
    const hosts = "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4";
    const outcome = await runner.run(job({ hosts, parallel: true, port: sshd.port }), aListener());
    assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
    for (const one of Object.values(outcome.result)) assert.equal((one as JsonObject).stdout, SAID);
    assert.deepEqual(left(), []);
  });

  test("a script that is ended leaves nothing either", async () => {
    const io = aListener();
    const running = runner.run(job({ port: sshd.port, env: { HANG: "1" } }), io);
    await io.heard("stdout", "now");
    assert.equal(left().length, 1);
    io.control.abort("cancel");
    assert.equal((await running).status, "canceled");
    assert.deepEqual(left(), []);
  });

  test("a folder that cannot be made is said with the host's own words", async () => {
    const outcome = await runner.run(job({ port: sshd.port, dir: "/proc/nothing" }), aListener());
    assert.equal(outcome.status, "failed");
    assert.match(JSON.stringify(outcome), /could not be copied to 127\.0\.0\.1:\d+: mkdir: /);
  });

  test("a host without SFTP gets the files through its shell", async () => {
    await using host = await startPasswordHost("right", false);
    const outcome = await runner.run(job({ port: host.port, password: "right" }), aListener());
    assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
    assert.equal((outcome.result["127.0.0.1"] as JsonObject).stdout, SAID);
    assert.deepEqual(left(), []);
  });

  test("what is outside of the pack is not copied to other machines", async () => {
    const secret = join(folder, "secret");
    writeFileSync(secret, "x");
    const link = join(pack, "actions", "lib", "link");
    symlinkSync(secret, link);
    await assert.rejects(runner.run(job({ port: sshd.port }), aListener()), { code: "runner.ssh.script-files" });
    rmSync(link);
  });
});
