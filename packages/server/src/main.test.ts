import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { about } from "@squall/store";
import { basic, callerOf } from "./a-server.ts";

/** `npm run test:cluster` puts another in its place, which makes it a member of a cluster. */
const MAIN = process.env.SQUALL_TEST_MAIN ?? join(import.meta.dirname, "main.ts");

interface Program {
  readonly child: ChildProcess;
  /** What it printed so far. */
  text(): string;
  /** Resolves when it printed this, rejects when it ends before. */
  says(pattern: RegExp): Promise<void>;
  /** The same; gives what the pattern's first group is. */
  finds(pattern: RegExp): Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

suite("the program squall server", { timeout: 120_000 }, () => {
  let folder: string;
  const running = new Set<ChildProcess>();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-main-"));
  });
  afterEach(async () => {
    for (const child of running) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    running.add(child);
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const ended = once(child, "close").then(([code]) => {
      running.delete(child);
      return { code: code as number | null, out, err };
    });
    const finds = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const found = pattern.exec(out);
        if (found) return found[1] ?? "";
        const more = await Promise.race([once(child.stdout, "data").then(() => true), ended.then(() => false)]);
        if (!more && !pattern.test(out)) throw new Error(`it ended without saying ${pattern}: ${out} ${err}`);
      }
    };
    return {
      child,
      ended,
      finds,
      text: () => out,
      says: async (pattern) => void (await finds(pattern)),
    };
  }

  /** A program that cannot start: one line that says why, status 1, no stack. */
  async function refusal(args: readonly string[]): Promise<string> {
    const { code, err } = await start(args).ended;
    assert.equal(code, 1, err);
    assert.match(err, /^squall server: [^\n]+\n$/);
    return err;
  }

  test("it says where it is, who may sign in, and what to paste; the password works and is not said again", async () => {
    const data = join(folder, "first");
    const first = start(["--port", "0", "--data", data]);
    const url = await first.finds(/answers at (http:\S+)/);
    const password = await first.finds(/password {2}(\S+)/);
    await first.says(/execution list/);
    assert.match(first.text(), /registering packs: core/);
    const login = await callerOf(url, {})("POST", "/v1/tokens", {}, basic("admin", password));
    assert.equal(login.status, 201);
    const announced = JSON.parse(await readFile(join(data, "server.json"), "utf8"));
    assert.deepEqual(announced, { url, pid: first.child.pid });
    first.child.kill("SIGTERM");
    assert.equal((await first.ended).code, 0);
    await assert.rejects(readFile(join(data, "server.json")));
    const log = await readFile(join(data, "server.log"), "utf8");
    assert.ok(!log.includes(password) && !log.includes(login.json.token));

    const second = start(["--port", "0", "--data", data]);
    await second.says(/execution list/);
    assert.ok(!second.text().includes("password  ") && !second.text().includes("registering"), second.text());
    second.child.kill("SIGINT");
    assert.equal((await second.ended).code, 0);
  });

  test("a stop lets what runs finish; a second signal does not wait", async () => {
    const data = join(folder, "drain");
    const program = start(["--port", "0", "--data", data, "--drain", "60"]);
    const url = await program.finds(/answers at (http:\S+)/);
    const password = await program.finds(/password {2}(\S+)/);
    const { json } = await callerOf(url, {})("POST", "/v1/tokens", {}, basic("admin", password));
    const ask = callerOf(url, { "X-Auth-Token": json.token });
    await ask("POST", "/v1/executions", { action: "core.local", parameters: { cmd: "exec sleep 60" } });
    program.child.kill("SIGTERM");
    await program.says(/Stopping/);
    program.child.kill("SIGTERM");
    assert.equal((await program.ended).code, 143);
  });

  test("a closed terminal stops it in order, and nobody reading what it says is no reason to fail", async () => {
    const program = start(["--port", "0", "--data", join(folder, "hangup")]);
    await program.says(/execution list/);
    program.child.stdout?.destroy();
    program.child.stderr?.destroy();
    program.child.kill("SIGHUP");
    assert.equal((await program.ended).code, 0);
  });

  test("an error that nobody expected ends it with 1, a line on stderr and the stack in the log", async () => {
    for (const [name, failure] of [
      ["thrown", "throw new Error('a planted error')"],
      ["rejected", "Promise.reject(new Error('a planted error'))"],
    ] as const) {
      const data = join(folder, name);
      const plant = `process.on("SIGUSR2", () => { ${failure} })`;
      const program = start(["--port", "0", "--data", data], {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(plant)}`,
      });
      await program.says(/execution list/);
      program.child.kill("SIGUSR2");
      const { code, err } = await program.ended;
      assert.equal(code, 1);
      assert.match(err, /^squall server: stopped by [^\n]*: a planted error; the log has its stack[^\n]*\n$/);
      const records = (await readFile(join(data, "server.log"), "utf8")).trimEnd().split("\n");
      const { level, err: logged } = JSON.parse(records.at(-1) ?? "");
      assert.deepEqual([level, logged.message], [60, "a planted error"]);
      assert.match(logged.stack, /data:text\/javascript/);
    }
  });

  test("a second server on the same data is refused", { skip: about("alone") }, async () => {
    const data = join(folder, "twice");
    const first = start(["--port", "0", "--data", data]);
    await first.says(/answers at/);
    assert.match(await refusal(["--port", "0", "--data", data]), /twice/);
  });

  test("a port in use is refused with what to do, and nothing stays locked", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const data = join(folder, "port");
    assert.match(await refusal(["--port", String(port), "--data", data]), new RegExp(`Port ${port} .*--port`));
    taken.close();
    const next = start(["--port", "0", "--data", data]);
    await next.says(/answers at/);
  });

  test("a file that is no database, a newer one, and a key that is gone are refused with what to do", {
    skip: about("SQLite"),
  }, async () => {
    const data = join(folder, "broken");
    await mkdir(data, { mode: 0o700 });
    const made = start(["--port", "0", "--data", data]);
    await made.says(/execution list/);
    made.child.kill("SIGTERM");
    await made.ended;
    const file = join(data, "squall.db");
    const good = await readFile(file);

    await writeFile(file, "this is no database ".repeat(1000));
    assert.match(await refusal(["--port", "0", "--data", data]), /squall\.db/);
    await writeFile(file, good);
    const db = new DatabaseSync(file);
    db.exec("pragma user_version = 9999");
    db.close();
    assert.match(await refusal(["--port", "0", "--data", data]), /newer|9999/);
    await writeFile(file, good);
    const key = await readFile(join(data, "encryption.key"));
    await rm(join(data, "encryption.key"));
    assert.match(await refusal(["--port", "0", "--data", data]), /encryption\.key is missing.*backup/);
    await writeFile(join(data, "encryption.key"), "short\n");
    assert.match(await refusal(["--port", "0", "--data", data]), /backup/);
    await writeFile(join(data, "encryption.key"), key);
    await start(["--port", "0", "--data", data]).says(/answers at/);
  });

  test("a data directory that cannot be is refused", async () => {
    await writeFile(join(folder, "file"), "x");
    assert.match(await refusal(["--port", "0", "--data", join(folder, "file")]), /file/);
    assert.match(await refusal(["--port", "0", "--data", join(folder, "file", "below")]), /file/);
    if (process.getuid?.() === 0) return; // root may write anywhere
    await mkdir(join(folder, "readonly"));
    await chmod(join(folder, "readonly"), 0o500);
    assert.match(await refusal(["--port", "0", "--data", join(folder, "readonly", "data")]), /readonly/);
  });

  test("a wrong option is refused with the one that was meant, and help lists them all", async () => {
    const { code, err } = await start(["--prot", "1"]).ended;
    assert.equal(code, 2);
    assert.match(err, /no option --prot; did you mean "port"\?/);
    for (const args of [
      ["--port", "x"],
      ["--port", "70000"],
      ["--log-level", "loud"],
      ["--timezone", "Mars/Base"],
      ["extra"],
    ]) {
      assert.equal((await start(args).ended).code, 2, args.join(" "));
    }
    assert.equal((await start([], { SQUALL_PORT: "x" }).ended).code, 2);
    const help = await start(["--help"]).ended;
    assert.equal(help.code, 0);
    assert.match(help.out, /--data DIR/);
  });
});
