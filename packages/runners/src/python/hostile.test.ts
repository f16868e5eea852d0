import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { aListener } from "../a-job.ts";
import { aPythonPack, realPython, type PythonPack } from "./a-python-pack.ts";

/*
 * Actions that misbehave, in both ways to run them: each has to end as it does in an interpreter of its own, and leave
 * nothing behind.
 */
const isLinux = process.platform === "linux";
const options = { mostProcesses: 60, python: realPython() };
describe("in a fresh interpreter", () => hostile(aPythonPack({ ...options, pythonForks: false }), false));
describe("in a fork", { skip: isLinux ? false : "there are forks on Linux only" }, () =>
  hostile(aPythonPack(options), true),
);

function hostile(pack: PythonPack, forks: boolean): void {
  after(() => pack[Symbol.asyncDispose]());
  const code = async (body: string, top = "") => (await pack.run(body, { top })).result.exit_code;
  const stayedWarm = () => assert.deepEqual(pack.unfit, []);

  test("a segfault, a signal and os._exit are exit statuses, and the next run is not touched", async () => {
    assert.equal(await code("import ctypes; ctypes.string_at(0)"), -11);
    assert.equal(await code("import signal; os.kill(os.getpid(), signal.SIGKILL)"), -9);
    assert.equal(await code("os._exit(7)"), 7);
    assert.equal((await pack.run("return 1")).result.result, 1);
    stayedWarm();
  });

  test("sys.exit takes what Python takes", async () => {
    assert.equal(await code("sys.exit()"), 0);
    assert.equal(await code("sys.exit(True)"), 1);
    assert.equal(await code("sys.exit(257)"), 1);
    const said = await pack.run("sys.exit('enough')");
    assert.deepEqual([said.result.exit_code, said.result.stderr], [1, "enough\n"]);
    assert.equal(await code("raise KeyboardInterrupt"), -2);
  });

  test("memory over the limit fails the action alone", async () => {
    const limits = { outputBytes: 1024 * 1024, memoryBytes: 400 * 1024 * 1024 };
    const outcome = await pack.run("return len(bytearray(600 * 1024 * 1024))", { limits });
    assert.equal(outcome.status, "failed");
    assert.match(String(outcome.result.stderr), /MemoryError/);
    stayedWarm();
  });

  test("threads are awaited and exit handlers run, after the answer is given", async () => {
    const outcome = await pack.run(
      "import atexit, threading, time\natexit.register(print, 'handler')\n" +
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint('run')\nreturn 1",
    );
    assert.deepEqual(outcome.result, { result: 1, stdout: "run\nthread\nhandler\n", stderr: "", exit_code: 0 });
  });

  test("a fork that comes back from run answers for nobody", async () => {
    const outcome = await pack.run("pid = os.fork()\nif pid: os.waitpid(pid, 0)\nreturn 'parent' if pid else 'child'");
    // A fresh interpreter has both answers in one stream, which is no JSON.
    assert.equal(outcome.result.result, forks ? "parent" : "None");
  });

  test("output in any bytes is text, and a great deal of it is cut with a notice", async () => {
    const bytes = await pack.run("sys.stdout.buffer.write(b'\\xff\\x00a\\xe2\\x82'); return 1");
    assert.equal(bytes.result.stdout, "\ufffd\0a\ufffd");
    const much = await pack.run("for _ in range(200):\n    os.write(1, b'x' * 1_000_000)\nreturn 1", {
      limits: { outputBytes: 10_000 },
    });
    assert.equal(much.result.result, 1);
    assert.match(String(much.result.stdout), /^x{10000}\n\[output cut: stdout is longer than 10000 bytes/);
  });

  test("stdin is empty, signal handlers are Python's own, the process leads a session", async () => {
    const outcome = await pack.run(
      "import signal\nown = signal.getsignal(signal.SIGINT) is signal.default_int_handler\n" +
        "return [sys.stdin.read(), own, signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, os.getsid(0) == os.getpid(), sys.argv[1:]]",
    );
    const [input, own, child, leads, args] = outcome.result.result as unknown[];
    assert.deepEqual([input, own, child, leads, args], ["", true, true, true, []]);
  });

  test("what it starts sees its environment and no descriptor of ours", async () => {
    const outcome = await pack.run(
      "import json, subprocess\n" +
        "out = subprocess.run([sys.executable, '-c', 'import os, json; print(json.dumps([dict(os.environ), os.listdir(\"/proc/self/fd\")]))'], capture_output=True, close_fds=False)\n" +
        "return json.loads(out.stdout)",
      { runnerParameters: { env: { MINE: "x" } } },
    );
    const [environment, descriptors] = outcome.result.result as [Record<string, string>, string[]];
    assert.equal(environment.MINE, "x");
    // What this process itself has from its parents, without meaning to hand it on, may be there as well.
    same("descriptors", descriptors.join());
  });

  test("pools of processes, threads and coroutines work", async () => {
    pack.write("actions/lib/squares.py", "def square(n):\n    return n * n\n");
    const outcome = await pack.run(
      "import asyncio, concurrent.futures, multiprocessing, squares\nfound = []\n" +
        "for method in ('fork', 'spawn'):\n    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:\n        found += pool.map(squares.square, [2, 3])\n" +
        "with concurrent.futures.ThreadPoolExecutor(2) as pool:\n    found += pool.map(squares.square, [4])\n" +
        "async def ask():\n    process = await asyncio.create_subprocess_exec('echo', '25', stdout=-1)\n    return int((await process.communicate())[0])\n" +
        "return found + [asyncio.run(ask())]",
    );
    assert.deepEqual(outcome.result.result, [4, 9, 4, 9, 16, 25], String(outcome.result.stderr));
    stayedWarm();
  });

  test("a process that lives on and holds the output is waited for only so long", async () => {
    const outcome = await pack.run("import subprocess\nreturn subprocess.Popen(['sleep', '1000']).pid");
    assert.equal(outcome.status, "succeeded");
    process.kill(Number(outcome.result.result), "SIGKILL");
  });

  test("cancel ends what ignores SIGTERM and what left its session, its parents and its program", async () => {
    const io = aListener();
    const pids = join(pack.path, "pids");
    const ended = pack.run(
      "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" +
        "r, w = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.setsid()\n" +
        `        open(${JSON.stringify(pids)}, 'w').write('%d' % os.getpid())\n` +
        "        os.write(w, b'x')\n        time.sleep(1000)\n    os._exit(0)\nos.wait()\nos.read(r, 1)\n" +
        `print(open(${JSON.stringify(pids)}).read(), os.getpid())\ntime.sleep(1000)`,
      { io },
    );
    await io.heard("stdout", "\n");
    io.control.abort("cancel");
    const outcome = await ended;
    assert.equal(outcome.status, "canceled");
    for (const pid of String(outcome.result.stdout).trim().split(" "))
      assert.equal(isAlive(pid), false, `process ${pid} is still there`);
  });

  test("a run with too many processes is ended, and says so", async () => {
    const outcome = await pack.run(
      "import time\nfor _ in range(100):\n    os.fork() or time.sleep(1000)\ntime.sleep(1000)",
    );
    assert.equal(outcome.status, "failed");
    assert.match(String(outcome.result.error), /more than 60 processes/);
    stayedWarm();
  });

  test("the action sees the same interpreter either way", async () => {
    const outcome = await pack.run(
      "import logging, random, subprocess, threading\n" +
        "return {'path': sys.path, 'argv': [os.path.basename(a) for a in sys.argv], 'cwd': os.getcwd(), 'main': threading.current_thread() is threading.main_thread(),\n" +
        "  'environ': sorted((k, v) for k, v in os.environ.items() if k != 'SQUALL_EXECUTION'), 'umask': subprocess.check_output(['sh', '-c', 'umask']).decode(),\n" +
        "  'loggers': [str(h) for h in logging.getLogger().handlers], 'enc': [sys.stdout.encoding, sys.stdin.encoding, sys.getfilesystemencoding()], 'flags': str(sys.flags), 'module': __name__, 'file': __file__}",
      { runnerParameters: { env: { A: "1", TZ: "Asia/Tokyo" } }, environment: { ST2_ACTION_AUTH_TOKEN: "t" } },
    );
    const text = JSON.stringify(outcome.result.result).replaceAll(pack.path, "PACK");
    same("interpreter", text);
  });
}

/** What the first way showed. */
const seen = new Map<string, string>();

function same(what: string, shown: string): void {
  assert.equal(shown, seen.get(what) ?? shown);
  seen.set(what, shown);
}

/** Whether a process runs: one that nobody has waited for yet does not. */
function isAlive(pid: string): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}
