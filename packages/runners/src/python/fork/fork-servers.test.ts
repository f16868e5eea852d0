import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { aListener } from "../../a-job.ts";
import { endLeftovers } from "../../index.ts";
import { aPythonPack, realPython } from "../a-python-pack.ts";

const PIDS = "return [os.getpid(), os.getppid(), int(open('/proc/%d/stat' % os.getppid()).read().split()[3])]";

describe("fork servers", { skip: process.platform === "linux" ? false : "there are forks on Linux only" }, () => {
  test("a module is imported once, and each run is a fork of that with random numbers of its own", async () => {
    await using pack = aPythonPack();
    const top = "import random\nIMPORTED = os.getpid()";
    const outcomes = [];
    for (let n = 0; n < 3; n++)
      outcomes.push(await pack.run("return [IMPORTED, os.getpid(), random.random(), os.urandom(4).hex()]", { top }));
    const results = outcomes.map(({ result }) => result.result as [number, number, number, string]);
    // Each of these wrote the file anew.
    assert.equal(new Set(results.map(([imported]) => imported)).size, 3);
    const again = await Promise.all([1, 2, 3].map(() => pack.again("one.py")));
    const warm = again.map(({ result }) => result.result as [number, number, number, string]);
    assert.deepEqual(
      [0, 1, 2, 3].map((at) => new Set(warm.map((result) => result[at])).size),
      [1, 3, 3, 3],
    );
    assert.deepEqual(pack.unfit, []);
  });

  test("a changed action and a changed, a new and a removed library file count from the next run on", async () => {
    await using pack = aPythonPack();
    const top = "try:\n    import words\nexcept ImportError:\n    words = None";
    const said = async () => (await pack.again("one.py")).result.result;
    assert.equal((await pack.run("return words and words.WORD", { top })).result.result, null);
    pack.write("actions/lib/words.py", "WORD = 'one'\n");
    assert.equal(await said(), "one");
    pack.write("actions/lib/words.py", "WORD = 'three'\n");
    assert.equal(await said(), "three");
    assert.equal((await pack.run("return 'other'")).result.result, "other");
    assert.deepEqual(pack.unfit, []);
  });

  test("no secret of a run is left for the next one to read", async () => {
    await using pack = aPythonPack();
    // Its second run is what looks, in the process that the first one, which had the secret, was forked from.
    await pack.run(
      "found = []\nneedle = parameters['reversed'][::-1].encode()\n" +
        "maps = [l.split() for l in open('/proc/%d/maps' % os.getppid())]\nmem = open('/proc/%d/mem' % os.getppid(), 'rb', 0)\n" +
        "for m in maps:\n    if 'w' not in m[1]: continue\n    a, b = (int(x, 16) for x in m[0].split('-'))\n    mem.seek(a)\n    found += [m[0]] if needle in mem.read(b - a) else []\n" +
        "return found",
      { actionParameters: { reversed: "nothing", secret: "s3cr3t-0f-0ne" } },
    );
    const looked = async (reversed: string) =>
      (await pack.again("one.py", { actionParameters: { reversed } })).result.result as string[];
    assert.deepEqual(await looked("en0-f0-t3rc3s"), []);
    assert.notDeepEqual(await looked("ssalc_noitca_daol"), [], "it cannot look");
  });

  test("an action may close every descriptor and still answers", async () => {
    await using pack = aPythonPack();
    for (const body of [
      "os.closerange(0, 512)",
      "os.close(3); f = open('/dev/zero')\nsys.modules['kept'] = f",
      "import socket\nos.closerange(1, 200)\nsys.modules['kept'] = [socket.socket() for _ in range(9)]",
    ]) {
      const outcome = await pack.run(`${body}\nreturn 'there'`);
      assert.deepEqual([outcome.status, outcome.result.result], ["succeeded", "there"], body);
    }
    assert.deepEqual(pack.unfit, []);
  });

  test("what an import prints and sets is there in every run", async () => {
    await using pack = aPythonPack();
    const top =
      "print('imported')\nprint('quietly', file=sys.stderr)\nos.environ['SET'] = '1'\nos.environ.pop('LOGNAME', None)";
    await pack.run("return os.environ['SET'] + os.popen('echo $SET').read()", { top });
    const { result } = await pack.again("one.py");
    assert.deepEqual(result, { result: "11\n", stdout: "imported\n", stderr: "quietly\n", exit_code: 0 });
    assert.deepEqual(pack.unfit, []);
  });

  const UNFIT: readonly (readonly [top: string, why: RegExp])[] = [
    ["import threading, time\nthreading.Thread(target=time.sleep, args=(0.5,)).start()", /starts threads/],
    ["import socket\nkept = socket.socket()", /opens descriptors \(socket/],
    ["kept = open('/dev/null', 'w'), open(__file__, 'a')", /opens descriptors/],
    ["import signal\nsignal.signal(signal.SIGUSR1, print)", /signal handlers/],
    ["import signal\nsignal.setitimer(signal.ITIMER_REAL, 1000)", /timer/],
    ["import subprocess\nkept = subprocess.Popen(['sleep', '0.1'])", /starts processes/],
    ["TOKEN = os.environ.get('ST2_ACTION_AUTH_TOKEN')", /reads the environment variable ST2_ACTION_AUTH_TOKEN/],
    ["ALL = dict(os.environ)", /reads all environment variables/],
    ["os.chdir('/')", /working directory/],
  ];
  for (const [top, why] of UNFIT) {
    test(`a module that wants an interpreter of its own gets one: ${why.source}`, async () => {
      await using pack = aPythonPack();
      const environment = { ST2_ACTION_AUTH_TOKEN: "t" };
      const outcome = await pack.run("return globals().get('TOKEN', 't')", { top, environment });
      assert.deepEqual([outcome.status, outcome.result.result], ["succeeded", "t"], JSON.stringify(outcome));
      assert.match(pack.unfit.join(), why);
      await pack.again("one.py", { environment });
      assert.equal(pack.unfit.length, 1, "it was tried again");
    });
  }

  test("an import that fails, exits, crashes or hangs is the action's own end, and harms nobody else", async () => {
    await using pack = aPythonPack({ pythonForks: { importMs: 500 } });
    await pack.run("return 1", { file: "good.py" });
    const end = async (top: string, parts = {}) => (await pack.run("return 1", { top, ...parts })).result;
    assert.match(String((await end("import nothing_like_that")).stderr), /ModuleNotFoundError/);
    assert.equal((await end("sys.exit(5)")).exit_code, 5);
    assert.equal((await end("os._exit(66)")).exit_code, 66);
    assert.equal((await end("import ctypes; ctypes.string_at(0)")).exit_code, -11);
    const hangs = await end("import time; time.sleep(1000)", { runnerParameters: { timeout: 1 } });
    assert.match(String(hangs.error), /failed to complete in 1 seconds/);
    assert.equal((await pack.again("good.py")).result.result, 1);
    assert.equal(pack.unfit.length, 5, pack.unfit.join());
  });

  test("names of Python's own modules in actions/lib mean what they mean in a fresh interpreter", async () => {
    await using pack = aPythonPack();
    pack.write("actions/lib/struct.py", "from _struct import *\nOURS = True\n");
    const outcome = await pack.run("import struct\nreturn getattr(struct, 'OURS', False)");
    assert.equal(outcome.result.result, true, String(outcome.result.stderr));
    assert.match(pack.unfit.join(), /name of one of Python's/);
  });

  test("a variable that interpreters read at their start gets an interpreter of its own for that run", async () => {
    await using pack = aPythonPack();
    await pack.run("return os.getppid()");
    const own = await pack.again("one.py", { runnerParameters: { env: { PYTHONHASHSEED: "0" } } });
    const forked = await pack.again("one.py");
    assert.notEqual(own.result.result, forked.result.result);
    const opted = await pack.again("one.py", { pythonFork: false });
    assert.notEqual(opted.result.result, forked.result.result);
    assert.equal((await pack.again("one.py")).result.result, forked.result.result);
  });

  test("packs without a virtualenv share an interpreter's start, and no module", async () => {
    await using one = aPythonPack();
    await using other = aPythonPack();
    one.write("actions/lib/shared.py", "WHO = 'one'\n");
    other.write("actions/lib/shared.py", "WHO = 'other'\n");
    assert.equal((await one.run("return shared.WHO", { top: "import shared" })).result.result, "one");
    assert.equal((await other.run("return shared.WHO", { top: "import shared" })).result.result, "other");
  });

  test("when the process with the module is killed, runs say so and the next run has a new one", async () => {
    await using pack = aPythonPack();
    const io = aListener();
    const body = "print(os.getppid(), flush=True)\nimport subprocess\nsubprocess.run(['sleep', '1000'])";
    const ended = pack.run(body, { io });
    await io.heard("stdout", "\n");
    process.kill(Number(io.chunks[0]?.data), "SIGKILL");
    const outcome = await ended;
    assert.equal(outcome.status, "failed");
    assert.match(String(outcome.result.error), /was ended from outside/);
    assert.equal((await pack.run("return 2")).result.result, 2);
    const [, , stem = 0] = (await pack.run(PIDS)).result.result as number[];
    process.kill(stem, "SIGKILL");
    assert.equal((await pack.run("return 3")).result.result, 3);
    assert.equal((await pack.run("return 4", { file: "other.py" })).result.result, 4);
  });

  test("signals that a service manager sends to everything are for the server to answer", async () => {
    await using pack = aPythonPack();
    const outcome = await pack.run(
      "import signal\nstem = int(open('/proc/%d/stat' % os.getppid()).read().split()[3])\n" +
        "for pid in (os.getppid(), stem):\n    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):\n        os.kill(pid, number)\n" +
        "own = [signal.getsignal(n) in (signal.SIG_DFL, signal.default_int_handler) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]\n" +
        "return own + [os.getppid()]",
    );
    assert.deepEqual((outcome.result.result as unknown[]).slice(0, 3), [true, true, true]);
    assert.equal(((await pack.again("one.py")).result.result as unknown[])[3], (outcome.result.result as unknown[])[3]);
  });

  test("an import under way does not hold up the end", async () => {
    const pack = aPythonPack();
    const io = aListener();
    const ended = pack.run("return 1", {
      top: "import time\nopen(__file__ + '.seen', 'w').close()\ntime.sleep(1000)",
      io,
    });
    while (!existsSync(join(pack.path, "actions", "one.py.seen"))) await turn();
    io.control.abort("shutdown");
    assert.equal((await ended).status, "abandoned");
    await pack[Symbol.asyncDispose]();
    assert.deepEqual(children(process.pid, /fork_server/), []);
  });

  test("what is idle is let go, the interpreter last", async () => {
    await using pack = aPythonPack({ pythonForks: { idleMs: 100 } });
    const [, zygote, stem] = (await pack.run(PIDS)).result.result as number[];
    await gone([zygote, stem]);
    assert.equal((await pack.run("return 1")).result.result, 1);
  });

  test("no more modules are kept than allowed", async () => {
    await using pack = aPythonPack({ pythonForks: { most: 2 } });
    const zygotes: (number | undefined)[] = [];
    for (const file of ["a.py", "b.py", "c.py"])
      zygotes.push(((await pack.run(PIDS, { file })).result.result as number[])[1]);
    await gone([zygotes[0]]);
    assert.ok(existsSync(`/proc/${zygotes[1]}`));
  });

  test("when the server is killed, what it had warm or running ends, and what escaped is found by its mark", async () => {
    await using pack = aPythonPack();
    const execution = `f0c0ffee65f0c0ffee${process.pid.toString(16).padStart(6, "0")}`;
    pack.action(
      "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nr, w = os.pipe()\n" +
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.write(w, b'%d' % os.getpid())\n        time.sleep(1000)\n    os._exit(0)\n" +
        `print(*(${PIDS.slice("return ".length)} + [int(os.read(r, 99))]), flush=True)\ntime.sleep(1000)`,
      { file: "sleeps.py" },
    );
    const program =
      `import { createRunners } from "@squall/runners";\n` +
      `const runner = createRunners({ killGraceMs: 300 }).find((one) => one.name === "python-script");\n` +
      `await runner.run({ execution: ${JSON.stringify(execution)}, action: { ref: "x.a", name: "a", pack: "x", entryPoint: "sleeps.py" }, packPath: ${JSON.stringify(pack.path)},` +
      ` runnerParameters: {}, actionParameters: {}, schema: {}, environment: {}, config: {}, user: "u", context: {}, limits: { outputBytes: 1e6 } },` +
      ` { signal: new AbortController().signal, output: (_, text) => process.stdout.write(text), announce() {} });`;
    const server = spawn(process.execPath, ["--input-type=module", "-e", program], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    let printed = "";
    server.stdout.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
      if (printed.includes("\n")) resolve(printed.trim());
    });
    const [escaped = 0, ...pids] = (await promise).split(" ").map(Number).toReversed();
    server.kill("SIGKILL");
    assert.equal(pids.length, 3);
    await gone(pids);
    assert.equal(await endLeftovers([execution]), 1);
    await gone([escaped]);
  });

  test("runs of every kind leave no descriptor, process or file behind", async (t) => {
    // Of its own, since other servers of this machine have their folders in the usual one.
    const usual = process.env["TMPDIR"];
    const own = await mkdtemp(join(tmpdir(), "squall-own-"));
    process.env["TMPDIR"] = own;
    t.after(async () => {
      if (usual === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = usual;
      await rm(own, { recursive: true, force: true });
    });
    const folders = () => readdirSync(own).filter((name) => name.startsWith("squall-fork-"));
    await using pack = aPythonPack({ mostProcesses: 60 });
    const [, zygote] = (await pack.run(PIDS)).result.result as number[];
    const stopped = aListener();
    stopped.control.abort("cancel");
    const kinds = () =>
      Promise.all([
        pack.again("one.py"),
        pack.run("os._exit(3)", { file: "exits.py" }),
        pack.run("raise ValueError()", { file: "raises.py" }),
        pack.run("return 1", { file: "import.py", top: "raise ValueError()" }),
        pack.run("import time; time.sleep(1000)", { file: "late.py", runnerParameters: { timeout: 0.2 } }),
        pack.again("one.py", { io: stopped }),
        pack.run("os.close(1); os.close(2); os.closerange(3, 100); return 1", { file: "closes.py" }),
      ]);
    await kinds();
    const before = { own: descriptors(process.pid), zygote: descriptors(Number(zygote)) };
    for (let n = 0; n < 8; n++) await kinds();
    // What has just ended is let go of within a turn or two.
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(() => setImmediate(resolve));
    await promise;
    assert.equal(descriptors(Number(zygote)), before.zygote);
    assert.ok(descriptors(process.pid) <= before.own + 2, `${before.own} became ${descriptors(process.pid)}`);
    assert.deepEqual(folders(), []);
    await pack[Symbol.asyncDispose]();
    assert.deepEqual(children(process.pid, /fork_server/), []);
  });

  for (const python of pythons())
    test(`runs on ${python.version}`, { skip: python.file ? false : "not on this machine" }, async () => {
      await using pack = aPythonPack({ python: python.file ?? "" });
      const body =
        "import threading, atexit, subprocess\natexit.register(print, 'end')\nthreading.Thread(target=os.write, args=(1, b'thread\\n')).start()\n" +
        "self.logger.info('hello')\nsubprocess.run(['echo', 'sub'])\nreturn list(sys.version_info[:2])";
      await pack.run(body);
      const { result } = await pack.again("one.py");
      assert.equal((result.result as number[]).join("."), python.version);
      assert.equal(String(result.stdout).split("\n").sort().join(), ",end,sub,thread");
      assert.match(String(result.stderr), /INFO {5}hello\n$/);
      assert.deepEqual(pack.unfit, []);
      assert.equal((await pack.run("import ctypes; ctypes.string_at(0)")).result.exit_code, -11);
    });
});

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function children(parent: number, command: RegExp): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return state !== "Z" && Number(ppid) === parent && command.test(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
    } catch {
      return false; // no process, or gone
    }
  });
}

/** Looks until none of them runs; the test's own limit ends the wait. */
async function gone(pids: readonly (number | undefined)[]): Promise<void> {
  const alive = (pid: number | undefined) => {
    try {
      return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
      return false;
    }
  };
  while (pids.some(alive)) await turn();
}

async function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 20);
  await promise;
}

function pythons(): readonly { readonly version: string; readonly file: string | undefined }[] {
  const folder = join(homedir(), ".pyenv", "versions");
  const found = existsSync(folder) ? readdirSync(folder) : [];
  const own = realPython();
  return ["3.9", "3.10", "3.11", "3.12", "3.13"].map((version) => {
    const name = found.find((one) => one.startsWith(`${version}.`));
    const file = name === undefined ? undefined : join(folder, name, "bin", "python");
    return { version, file: file ?? (own.endsWith(`python${version}`) ? own : undefined) };
  });
}
