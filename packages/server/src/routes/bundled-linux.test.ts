import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { about } from "@squall/store";
import { aServer, completed, type TestServer } from "../a-server.ts";
import { ROOT } from "../options.ts";

/*
 * The pack's actions themselves, on this machine: the pack is copied with local runners in place of the remote ones, which
 * read commands and scripts alike and have tests of their own.
 */
suite("the bundled pack linux", () => {
  let at: TestServer;
  const folder = mkdtempSync(join(tmpdir(), "squall-test-linux-"));
  const path = (name: string) => join(folder, name);

  before(async () => {
    const pack = path("linux");
    cpSync(join(ROOT, "packs", "linux"), pack, { recursive: true });
    rmSync(join(pack, "sensors"), { recursive: true });
    for (const name of readdirSync(join(pack, "actions")).filter((one) => one.endsWith(".yaml"))) {
      const file = join(pack, "actions", name);
      writeFileSync(file, readFileSync(file, "utf8").replace("runner_type: remote-", "runner_type: local-"));
    }
    at = await aServer({ packRoots: [join(ROOT, "packs")] });
    const { status, text } = await at.admin("POST", "/v1/packs/register", { types: ["all"], paths: [pack] });
    assert.equal(status, 200, text);
  });
  after(async () => {
    await at[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function run(
    name: string,
    parameters: object = {},
  ): Promise<{ status: string; result: Record<string, unknown> }> {
    const { status, text, json } = await at.admin("POST", "/v1/executions", { action: `linux.${name}`, parameters });
    assert.equal(status, 201, text);
    return completed(at.admin, json.id);
  }
  const lacks = (program: string) =>
    spawnSync(program, ["--version"]).error === undefined ? false : `this machine has no ${program}`;

  test("files are written, copied, moved and removed, several at once and with spaces in their names", async () => {
    const touched = await run("file_touch", { file: path("it's $HOME.txt") });
    assert.equal(touched.status, "succeeded", JSON.stringify(touched.result));
    assert.match(readFileSync(path("it's $HOME.txt"), "utf8"), /^\d{10}\n$/);
    await run("file_touch", { file: path("a.txt") });
    await run("file_touch", { file: path("b.txt") });
    assert.equal(
      (await run("cp", { source: `${path("a.txt")} ${path("b.txt")}`, destination: "/nowhere" })).status,
      "failed",
    );
    assert.equal((await run("cp", { source: path("a.txt"), destination: path("c.txt") })).status, "succeeded");
    assert.equal(
      (await run("mv", { source: path("c.txt"), destination: `'${path("d d.txt")}'`, force: true })).status,
      "succeeded",
    );
    assert.ok(existsSync(path("d d.txt")) && !existsSync(path("c.txt")));
    const removed = await run("rm", { target: `${path("a.txt")} '${path("d d.txt")}' ${path("none")}`, force: true });
    assert.match(String(removed.result.stdout), /removed '.*a\.txt'\nremoved '.*d d\.txt'/);
    assert.ok(!existsSync(path("a.txt")));
    assert.equal((await run("rm", { target: path("none") })).status, "failed");
  });

  test("scp copies", { skip: lacks("ssh") }, async () => {
    writeFileSync(path("s.txt"), "x");
    const done = await run("scp", { source: path("s.txt"), destination: path("t.txt"), verbose: false });
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    assert.ok(existsSync(path("t.txt")));
  });

  test("rsync says where it goes", { skip: lacks("rsync") }, async () => {
    const done = await run("rsync", {
      source: path("linux"),
      dest_server: "127.0.0.1",
      destination: "/tmp/x",
      args: "--dry-run -e false",
    });
    assert.equal(done.status, "failed");
  });

  test("load and processes are told of as objects", async () => {
    const load = await run("check_loadavg");
    assert.deepEqual(Object.keys(load.result.stdout as object).sort(), ["1", "15", "5"]);
    assert.equal(typeof (await run("check_loadavg", { period: "5" })).result.stdout, "number");
    const mine = await run("check_processes", { search: "pid", criteria: String(process.pid) });
    assert.deepEqual(Object.keys(mine.result.stdout as object), [String(process.pid)]);
    const named = await run("check_processes", { criteria: "bundled-linux\\.test", args: "pidlist" });
    assert.ok(String(named.result.stderr).split(" ").includes(String(process.pid)));
    assert.equal((await run("check_processes", { search: "state", criteria: "R" })).status, "succeeded");
  });

  test("a process is ended by its name", { skip: lacks("pkill") }, async () => {
    const program = path(`slp${process.pid % 100_000}`);
    copyFileSync(spawnSync("sh", ["-c", "command -v sleep"], { encoding: "utf8" }).stdout.trim(), program);
    const child = spawn(program, ["600"]);
    await once(child, "spawn");
    const ended = once(child, "exit");
    const done = await run("pkill", { process: `slp${process.pid % 100_000}` });
    assert.match(String(done.result.stdout), new RegExp(`pid ${child.pid}`));
    assert.equal((await ended)[1], "SIGTERM");
    assert.equal((await run("pkill", { process: "no such; touch /tmp/never" })).status, "failed");
  });

  test("netstat", { skip: lacks("netstat") }, async () => {
    assert.match(String((await run("netstat", { args: "-lnt" })).result.stdout), /LISTEN/);
    assert.match(
      String((await run("netstat_grep", { pids: `1 ${process.pid}` })).result.stdout),
      new RegExp(`${process.pid}/`),
    );
  });

  test("lsof", { skip: lacks("lsof") || about("SQLite") }, async () => {
    assert.match(String((await run("lsof", { args: `-p ${process.pid}` })).result.stdout), /squall\.db/);
    assert.match(String((await run("lsof_pids", { pids: `${process.pid}`, sudo: false })).result.stdout), /squall\.db/);
  });

  test("vmstat", { skip: lacks("vmstat") }, async () => {
    assert.match(String((await run("vmstat")).result.stdout), /memory/);
  });

  test("a service that is not there is named unknown, and no option passes for a name", async () => {
    assert.equal((await run("service", { act: "status", service: "no_such_service_here" })).status, "failed");
    const odd = await run("service", { act: "--help", service: "x" });
    assert.match(String(odd.result.stderr), /act is '--help', which is no name of one/);
  });

  test("traceroute and dig work, or say what to install", async () => {
    const way = await run("traceroute", { host: "127.0.0.1", hops: 2 });
    if (lacks("traceroute")) assert.match(String(way.result.stderr), /traceroute is not on the PATH/);
    else assert.equal(way.status, "succeeded");
    // Nobody is asked who is not on this machine.
    const names = await run("dig", {
      hostname: "localhost",
      nameserver: "127.0.0.1",
      queryopts: "short,timeout=1,tries=1",
    });
    if (lacks("dig")) assert.match(String(names.result.result), /dig is not on the PATH/);
    else assert.ok(Array.isArray(names.result.result));
  });

  test("open ports are found", async () => {
    const listening = createServer().listen(0, "127.0.0.1");
    await once(listening, "listening");
    const found = await run("get_open_ports", { ip_address: "127.0.0.1" });
    listening.close();
    assert.equal(found.status, "succeeded", JSON.stringify(found.result));
    assert.ok(Array.isArray(found.result.result));
  });

  test("a host that lets nobody in is waited for no longer than asked", { skip: lacks("ssh") }, async () => {
    const silent = createServer((socket) => void socket.destroy()).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    const done = await run("wait_for_ssh", {
      hostname: "127.0.0.1",
      port,
      retries: 1,
      ssh_timeout: 2,
      password: "p4ss",
    });
    silent.close();
    assert.equal(done.status, "failed");
    assert.match(String(done.result.result), /127\.0\.0\.1 let nobody in within 1 tries: /);
    assert.doesNotMatch(JSON.stringify(done), /p4ss/);
  });
});
