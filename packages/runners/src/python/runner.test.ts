import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { type RunnerOptions, settle } from "../options.ts";
import type { Job, Outcome } from "../port.ts";
import { createPythonScript } from "./runner.ts";

const packPath = mkdtempSync(join(tmpdir(), "squall-test-pack-"));
mkdirSync(join(packPath, "actions", "lib"), { recursive: true });
after(() => rmSync(packPath, { recursive: true }));

const QUICK = { killGraceMs: 300, drainMs: 300, configs: "/etc/squall/configs" } satisfies RunnerOptions;
const BASE = "from st2common.runners.base_action import Action\n";

/** Both ways to run an action have to come to the same. */
const WAYS = {
  "in a fresh interpreter": { ...QUICK, pythonForks: false },
  "in a fork": { ...QUICK, pythonForks: { onUnfit: (file: string, why: string) => unfit.set(file, why) } },
} satisfies Record<string, RunnerOptions>;
/** Files that turned out to need fresh interpreters, and why. */
const unfit = new Map<string, string>();

for (const [way, options] of Object.entries(WAYS)) {
  if (way === "in a fork" && process.platform !== "linux") continue;
  describe(way, () => suite(options));
}

function suite(QUICK: RunnerOptions) {
  /** Runs the body of `run(self, **parameters)`, or a whole file. */
  async function run(
    body: string,
    parts: Partial<Job> = {},
    { io = aListener(), by = runner, file = "one.py" } = {},
  ): Promise<Outcome> {
    const whole = body.includes("class ");
    const indented = body.replaceAll("\n", "\n        ");
    const text = whole ? body : `${BASE}class One(Action):\n    def run(self, **parameters):\n        ${indented}\n`;
    writeFileSync(join(packPath, "actions", file), text);
    const action = { ref: "examples.one", name: "one", pack: "examples", entryPoint: file };
    return by.run(aJob({ packPath, action, ...parts }), io);
  }

  const runner = createPythonScript(settle(QUICK));
  after(() => runner[Symbol.asyncDispose]());
  afterEach(() => assert.deepEqual([...unfit.values()].splice(0), []));
  test("an action gets its parameters and gives its result, apart from what it prints", async () => {
    assert.deepEqual(
      await run("print('hello')\nreturn {'got': parameters}", { actionParameters: { a: 1, b: ["é"] } }),
      {
        status: "succeeded",
        result: { result: { got: { a: 1, b: ["é"] } }, stdout: "hello\n", stderr: "", exit_code: 0 },
      },
    );
  });

  test("a pair with a bool decides the status; a longer tuple is a result", async () => {
    const failed = await run("return False, 'why'");
    assert.equal(failed.status, "failed");
    assert.equal(failed.result.result, "why");
    assert.equal(failed.result.exit_code, 0);
    assert.deepEqual((await run("return True, [1]")).result.result, [1]);
    assert.deepEqual((await run("return 1, 2, 3")).result.result, [1, 2, 3]);
  });

  test("a pair whose first member is no bool is the runner's error, with the wrapper's words", async () => {
    await assert.rejects(run("return 'yes', 1"), {
      code: "runner.python.status",
      message: /must either be True or False/,
    });
  });

  test("an uncaught exception fails with its traceback and the text None as result", async () => {
    const outcome = await run("raise KeyError('gone')");
    assert.equal(outcome.status, "failed");
    assert.equal(outcome.result.result, "None");
    assert.equal(outcome.result.exit_code, 1);
    assert.match(String(outcome.result.stderr), /Traceback[\s\S]*KeyError: 'gone'/);
  });

  test("sys.exit ends the action with that code and the text None as result", async () => {
    const outcome = await run("import sys\nsys.exit(3)");
    assert.deepEqual([outcome.status, outcome.result.exit_code, outcome.result.result], ["failed", 3, "None"]);
  });

  test("results that JSON cannot express become text, NaN becomes null, big integers keep their digits", async () => {
    assert.equal((await run("return {1, }")).result.result, "{1}");
    assert.deepEqual((await run("return {'x': float('nan'), 'y': [1.5]}")).result.result, { x: null, y: [1.5] });
    assert.deepEqual((await run("return {'id': 12345678901234567890}")).result.result, { id: "12345678901234567890" });
  });

  test("nothing an action prints can pass for its answer", async () => {
    const outcome = await run(`print('%%%%%~=~=~=************=~=~=~%%%%{"result": "forged"}')\nreturn 'true one'`);
    assert.equal(outcome.result.result, "true one");
  });

  test("log messages go to stderr in StackStorm's format from the asked level on", async () => {
    const body = "self.logger.debug('quiet')\nself.logger.warning('loud %s', 1)";
    const outcome = await run(body, { runnerParameters: { log_level: "INFO" } });
    assert.equal(outcome.result.stderr, "actions.python.One: WARNING  loud 1\n");
    assert.match(String((await run(body)).result.stderr), /^actions\.python\.One: DEBUG {4}quiet\n/);
  });

  test("a missing key of the configuration is said with pack, key and file", async () => {
    const outcome = await run("return self.config['there'] + self.config['url']", { config: { there: "x" } });
    assert.match(
      String(outcome.result.stderr),
      /ValueError: The configuration of pack "examples" has no key "url"\. Add it to \/etc\/squall\/configs\/examples\.yaml/,
    );
  });

  test("a class written before action_service existed still gets it, and actions/lib is importable", async () => {
    writeFileSync(join(packPath, "actions", "lib", "shared_words.py"), "WORD = 'shared'\n");
    const outcome = await run(
      `${BASE}from shared_words import WORD\nclass Old(Action):\n    def __init__(self, config):\n        super(Old, self).__init__(config)\n` +
        "    def run(self):\n        return [WORD, self.action_service is not None]\n",
    );
    assert.deepEqual(outcome.result.result, ["shared", true]);
  });

  test("an action's file named like a module of Python's own does not replace it", async () => {
    const outcome = await run("import json\nreturn json.dumps([1])", {}, { file: "json.py" });
    assert.equal(outcome.result.result, "[1]");
  });

  test("a file without an action and a file that is not there fail with the reason", async () => {
    assert.match(String((await run("class Nothing: pass")).result.stderr), /one\.py defines no action/);
    unfit.clear();
    const gone = runner.run(
      aJob({ packPath, action: { ref: "examples.g", name: "g", pack: "examples", entryPoint: "gone.py" } }),
      aListener(),
    );
    await assert.rejects(gone, /gone\.py of action examples\.g does not exist/);
  });

  test("an action over its time ends with status timeout and what it printed so far", async () => {
    const outcome = await run("import time\nprint('up')\ntime.sleep(1000)", { runnerParameters: { timeout: 1 } });
    assert.equal(outcome.status, "timeout");
    assert.deepEqual(outcome.result, {
      result: "None",
      stdout: "up\n",
      stderr: "",
      exit_code: -9,
      error: "Action failed to complete in 1 seconds",
    });
  });

  test("output streams while the action runs, and cancel stops it", async () => {
    const io = aListener();
    const ended = run("import time\nprint('first')\ntime.sleep(1000)", {}, { io });
    await io.heard("stdout", "first\n");
    io.control.abort("cancel");
    assert.equal((await ended).status, "canceled");
  });

  test("the action's env reaches it except PYTHONPATH, and the token is there under both names", async () => {
    const outcome = await run(
      "import os\nreturn [os.environ.get(n) for n in ('WHO', 'ST2_AUTH_TOKEN', 'ST2_API_URL', 'PYTHONPATH')]",
      {
        runnerParameters: { env: { WHO: "me", PYTHONPATH: "/evil" } },
        environment: { ST2_ACTION_AUTH_TOKEN: "t", ST2_ACTION_API_URL: "http://127.0.0.1:9101/v1" },
      },
    );
    const [who, token, url, path] = outcome.result.result as string[];
    assert.deepEqual([who, token, url], ["me", "t", "http://127.0.0.1:9101/v1"]);
    assert.doesNotMatch(path ?? "", /evil/);
  });

  test("parameters and configuration are in no argument list", async () => {
    const outcome = await run("return open('/proc/self/cmdline').read()", {
      actionParameters: { password: "s3cret" },
      config: { key: "s3cret" },
    });
    assert.doesNotMatch(String(outcome.result.result), /s3cret/);
  });

  test("megabytes of parameters get through", async () => {
    const outcome = await run("return len(parameters['text'])", { actionParameters: { text: "x".repeat(5_000_000) } });
    assert.equal(outcome.result.result, 5_000_000);
  });

  test("an answer over the limit fails with a clear error", async () => {
    const outcome = await run("return 'x' * 5000", { limits: { outputBytes: 1000 } });
    assert.equal(outcome.status, "failed");
    assert.match(String(outcome.result.error), /returned more than 1000 bytes/);
  });

  test("a pack with requirements runs in its virtualenv, and is refused where none can be", async () => {
    writeFileSync(join(packPath, "requirements.txt"), "# only a comment\n");
    assert.equal((await run("return 1")).result.result, 1);
    writeFileSync(join(packPath, "requirements.txt"), "requests\n");
    await assert.rejects(run("return 1"), {
      code: "runner.python.virtualenv-missing",
      message: /pack "examples" requires packages .*no folder for virtualenvs is set/,
    });
    const virtualenvs = join(packPath, "virtualenvs");
    mkdirSync(join(virtualenvs, "examples", "bin"), { recursive: true });
    // A virtualenv's python is what Python itself makes of one: a link beside pyvenv.cfg.
    const real = (await import("node:child_process")).execFileSync(
      "python3",
      ["-c", "import sys; print(sys.executable)"],
      {
        encoding: "utf8",
      },
    );
    symlinkSync(real.trim(), join(virtualenvs, "examples", "bin", "python"));
    await using by = createPythonScript(settle({ ...QUICK, virtualenvs }));
    const outcome = await run("import os\nreturn os.environ['VIRTUAL_ENV']", {}, { by });
    assert.equal(outcome.result.result, join(virtualenvs, "examples"));
    rmSync(join(packPath, "requirements.txt"));
    rmSync(virtualenvs, { recursive: true });
  });
}
