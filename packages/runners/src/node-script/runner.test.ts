import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import type { Job, Outcome } from "../port.ts";
import { createNodeScript } from "./runner.ts";

const packPath = mkdtempSync(join(tmpdir(), "squall-test-node-"));
mkdirSync(join(packPath, "actions", "lib"), { recursive: true });
after(() => rmSync(packPath, { recursive: true }));

const settings = settle({ killGraceMs: 300, drainMs: 300, nodeModules: join(packPath, "modules") });
const runner = createNodeScript(settings);
const isLinux = process.platform === "linux";
let files = 0;

/** Runs the text as the file of an action: a whole module, or the body of a function. */
async function run(
  text: string,
  parts: Partial<Job> = {},
  { io = aListener(), file = `action${++files}.ts` } = {},
): Promise<Outcome> {
  const whole = /export |exports/.test(text);
  const body = `export default async (parameters, context) => {\n${text}\n};\n`;
  writeFileSync(join(packPath, "actions", file), whole ? text : body);
  const action = { ref: "examples.one", name: "one", pack: "examples", entryPoint: file };
  return runner.run(aJob({ packPath, action, ...parts }), io);
}

test("what the function returns is the result, what it prints is the output", async () => {
  const io = aListener();
  const outcome = await run(
    "console.log('hello'); console.error('there'); return { got: parameters };",
    { actionParameters: { a: 1, b: ["é"] } },
    { io },
  );
  assert.deepEqual(outcome, {
    status: "succeeded",
    result: { result: { got: { a: 1, b: ["é"] } }, stdout: "hello\n", stderr: "there\n", exit_code: 0 },
  });
  assert.deepEqual(io.chunks.map(({ type, data }) => `${type} ${data}`).sort(), ["stderr there\n", "stdout hello\n"]);
});

test("every way to write an action is understood", async () => {
  const results: Record<string, string> = {
    "a.mjs": "export default function () { return 'function'; }",
    "b.mts":
      "export default class { who: string; constructor(context: { execution: { pack: string } }) { this.who = context.execution.pack; } run() { return this.who; } }",
    "c.cjs": "module.exports = async () => 'common';",
    "d.js": "export async function run() { return 'named'; }",
    "e.ts":
      'import { defineAction } from "@squall/sdk";\nexport default defineAction<{ n: number }>(({ n }) => n + 1);',
    "f.ts": "export const only = (p: { n: number }) => p.n * 2;",
    "g.cjs": "exports.run = class { run(p) { return [p.n]; } };",
  };
  const got: Record<string, unknown> = {};
  for (const [file, text] of Object.entries(results)) {
    got[file] = (await run(text, { actionParameters: { n: 4 } }, { file })).result.result;
  }
  assert.deepEqual(got, {
    "a.mjs": "function",
    "b.mts": "examples",
    "c.cjs": "common",
    "d.js": "named",
    "e.ts": 5,
    "f.ts": 8,
    "g.cjs": [4],
  });
});

test("ActionFailed fails with a result, any other error with its stack", async () => {
  const failed = await run(
    'import { ActionFailed } from "@squall/sdk";\nexport default () => { throw new ActionFailed({ left: 2 }, "two are left"); };',
  );
  assert.deepEqual(
    [failed.status, failed.result.result, failed.result.stderr],
    ["failed", { left: 2 }, "two are left\n"],
  );
  const thrown = await run("throw new TypeError('no such host');");
  assert.deepEqual([thrown.status, thrown.result.result, thrown.result.exit_code], ["failed", "None", 1]);
  assert.match(String(thrown.result.stderr), /TypeError: no such host\n {4}at .*action\d+\.ts:2/);
});

test("files that are no action say what is missing", async () => {
  const stderr = async (text: string, file?: string) =>
    String((await run(text, {}, file === undefined ? {} : { file })).result.stderr);
  assert.match(await stderr("export const a = 1, b = 2;"), /exports no action.*\(it exports a, b\)/s);
  assert.match(await stderr("export default class {}"), /has no method run/);
  assert.match(await stderr("export default (", "syntax.ts"), /syntax\.ts:1\n[^]*SyntaxError/);
  assert.match(
    await stderr("\nexport default (;", "syntax.mjs"),
    /^\S*syntax\.mjs:2\nexport default \(;\n[^]*SyntaxError/,
  );
  assert.match(await stderr("import 'nowhere'; export default 1;"), /Cannot find package 'nowhere'/);
});

test("a second run of the pack finds the process warm, and an environment of its own", async () => {
  const file = "warm.mjs";
  writeFileSync(
    join(packPath, "actions", file),
    `let runs = 0;
export default async () => {
  const seen = [process.pid, ++runs, process.env.WHO ?? null, process.env.LEFT ?? null, process.cwd()];
  process.env.LEFT = "x";
  process.chdir("/");
  return seen;
};`,
  );
  const action = { ref: "examples.one", name: "one", pack: "examples", entryPoint: file };
  const seen = async (runnerParameters: Job["runnerParameters"]) =>
    (await runner.run(aJob({ packPath, action, runnerParameters }), aListener())).result.result as unknown[];
  const [pid, ...first] = await seen({ env: { WHO: "me" } });
  assert.deepEqual(first, [1, "me", null, packPath]);
  assert.deepEqual(await seen({}), [pid, 2, null, null, packPath]);
  assert.equal((await seen({ fresh_process: true }))[1], 1);
});

test("a changed file, also one that is imported, is read again", async () => {
  const lib = join(packPath, "actions", "lib", "word.mjs");
  writeFileSync(lib, "export const word = 'old';");
  const text = "import { word } from './lib/word.mjs';\nexport default () => word;";
  assert.equal((await run(text, {}, { file: "word.mjs" })).result.result, "old");
  writeFileSync(lib, "export const word = 'new one';");
  assert.equal((await run(text, {}, { file: "word.mjs" })).result.result, "new one");
});

test("what an action leaves running does not meet the next one", async () => {
  const pid = async (text: string) => (await run(`${text}\nreturn process.pid;`)).result.result;
  const first = await pid("setInterval(() => console.log('late'), 1);");
  const second = await pid("process.on('SIGUSR1', () => {});");
  assert.notEqual(second, first);
  const third = await pid("(await import('node:child_process')).spawn('sleep', ['0.2'], { stdio: 'ignore' }).unref();");
  assert.notEqual(third, second);
  const fourth = await pid("(await import('node:fs')).closeSync(1);");
  assert.notEqual(fourth, third);
  const fifth = await pid("");
  assert.notEqual(fifth, fourth);
  assert.equal(await pid(""), fifth);
});

test("exits, errors that nobody awaits and signals end the run, not the next one", async () => {
  const ended = async (text: string) => {
    const { status, result } = await run(text);
    return [status, result.exit_code, result.result];
  };
  assert.deepEqual(await ended("process.exit(3);"), ["failed", 3, "None"]);
  assert.deepEqual(await ended("process.exit(0);"), ["succeeded", 0, "None"]);
  assert.deepEqual(await ended("process.kill(process.pid, 'SIGKILL');"), ["failed", -9, "None"]);
  assert.deepEqual(await ended("process.abort();"), ["failed", -6, "None"]);
  assert.deepEqual(await ended("setTimeout(() => { throw new Error('late'); }, 1); await new Promise(() => {});"), [
    "failed",
    1,
    "None",
  ]);
  assert.deepEqual(await ended("Promise.reject(new Error('unseen')); await new Promise(() => {});"), [
    "failed",
    1,
    "None",
  ]);
  assert.deepEqual(await ended("return 1;"), ["succeeded", 0, 1]);
});

test("results that JSON does not have become what it has", async () => {
  const cycle = (await run("const a = {}; a.a = a; return a;")).result;
  assert.equal(cycle.result, "<ref *1> { a: [Circular *1] }");
  assert.match(String(cycle.stderr), /^The result is kept as text, since it is no JSON: .*circular/);
  assert.deepEqual(
    (await run("return { big: 12345678901234567890n, day: new Date(0), no: undefined };")).result.result,
    {
      big: "12345678901234567890",
      day: "1970-01-01T00:00:00.000Z",
    },
  );
  assert.equal((await run("")).result.result, null);
  assert.equal((await run("return () => 1;")).result.result, "() => 1");
});

test("nothing that an action prints or writes can be taken for its answer or its end", async () => {
  const outcome = await run(
    "process.stdout.write('\\0squall-end:' + '0'.repeat(32) + '\\n'); process.stdout.write('\\0squall'); return 'true one';",
  );
  assert.equal(outcome.result.result, "true one");
  assert.equal(outcome.result.stdout, `\0squall-end:${"0".repeat(32)}\n\0squall`);
});

test("a run out of time is killed with all that it started, and says how long it had", {
  timeout: 60_000,
}, async () => {
  const io = aListener();
  const outcome = await run(
    "(await import('node:child_process')).spawn('sleep', ['1000'], { detached: true });\nconsole.log('up'); for (;;);",
    { execution: "65f0000000000000000000aa", runnerParameters: { timeout: 1 } },
    { io },
  );
  assert.deepEqual(outcome, {
    status: "timeout",
    result: {
      result: "None",
      stdout: "up\n",
      stderr: "",
      exit_code: -9,
      error: "Action failed to complete in 1 seconds",
    },
  });
  if (isLinux) assert.deepEqual(processesOf("65f0000000000000000000aa"), []);
});

test("a run that is canceled while its process is still being found does not begin", { timeout: 20_000 }, async () => {
  const io = aListener();
  const ended = run(
    "console.log('begun'); await new Promise(() => {});",
    { runnerParameters: { fresh_process: true } },
    { io },
  );
  io.control.abort("cancel");
  const outcome = await ended;
  assert.deepEqual([outcome.status, outcome.result.stdout], ["canceled", ""]);
});

test("a canceled run hears of it first", async () => {
  const io = aListener();
  const ended = run(
    "console.log('first'); await new Promise((r) => context.signal.addEventListener('abort', r)); console.log('put away');" +
      "await new Promise(() => {});",
    {},
    { io },
  );
  await io.heard("stdout", "first\n");
  io.control.abort("cancel");
  const outcome = await ended;
  assert.equal(outcome.status, "canceled");
  assert.equal(outcome.result.stdout, "first\nput away\n");
});

test("results and output have bounds", async () => {
  const limits = { limits: { outputBytes: 1000 } };
  const large = await run("return 'x'.repeat(5000);", limits);
  assert.deepEqual([large.status, large.result.result], ["failed", "None"]);
  assert.match(String(large.result.error), /returned more than 1000 bytes/);
  const huge = await run("return 'x'.repeat(5_000_000);", limits);
  assert.match(String(huge.result.error), /returned more than 1000 bytes/);
  const loud = await run("process.stdout.write('y'.repeat(5_000_000)); return 1;", limits);
  assert.deepEqual([loud.status, loud.result.result], ["succeeded", 1]);
  assert.match(String(loud.result.stdout), /^y{1000}\n\[output cut: stdout is longer than 1000 bytes/);
});

test("the context has configuration, facts and a logger", async () => {
  const outcome = await run(
    "context.log.debug('quiet'); context.log.warning('loud %s', 1); return [context.config.url, context.execution.action, context.execution.user];",
    { config: { url: "https://x" }, runnerParameters: { log_level: "INFO" } },
  );
  assert.deepEqual(outcome.result.result, ["https://x", "examples.one", "stanley"]);
  assert.equal(outcome.result.stderr, "actions.node.one: WARNING  loud 1\n");
});

test("secrets of a run are in no process list, and only its own variables are seen", { skip: !isLinux }, async () => {
  const outcome = await run(
    "const fs = await import('node:fs'); return [fs.readFileSync('/proc/self/cmdline', 'utf8'), fs.readFileSync('/proc/self/environ', 'utf8'), Object.keys(process.env).filter((n) => /SQUALL/.test(n))];",
    { actionParameters: { password: "s3cret" }, config: { key: "s3cret" } },
  );
  assert.doesNotMatch(JSON.stringify(outcome.result.result), /s3cret/);
  assert.deepEqual((outcome.result.result as unknown[])[2], ["SQUALL_EXECUTION"]);
});

test("npm packages of the pack's package.json are installed beside it, and again when it changes", async () => {
  const pack = join(packPath, "npm-pack");
  const library = join(packPath, "library");
  for (const folder of [join(pack, "actions"), library]) mkdirSync(folder, { recursive: true });
  const provide = (word: string) => {
    writeFileSync(
      join(library, "package.json"),
      JSON.stringify({ name: "words", version: "1.0.0", type: "module", exports: "./main.js" }),
    );
    writeFileSync(join(library, "main.js"), `export const word = ${JSON.stringify(word)};`);
    writeFileSync(
      join(pack, "package.json"),
      JSON.stringify({ name: word, version: "1.0.0", dependencies: { words: `file:${library}` } }),
    );
  };
  provide("one");
  writeFileSync(
    join(pack, "actions", "a.mjs"),
    ["import { word } from", "'words'; export default () => word;"].join(" "),
  );
  writeFileSync(
    join(pack, "actions", "b.cjs"),
    "const need = require; const { word } = need('words'); module.exports = () => word + 'c';",
  );
  const io = aListener();
  const runOf = (entryPoint: string, listener = aListener()) =>
    runner.run(aJob({ packPath: pack, action: { ref: "words.a", name: "a", pack: "words", entryPoint } }), listener);
  const [first, second] = await Promise.all([runOf("a.mjs", io), runOf("b.cjs", io)]);
  assert.deepEqual([first.result.result, second.result.result, first.result.stdout], ["one", "onec", ""]);
  assert.equal(io.chunks.filter(({ data }) => data.startsWith("installing the npm packages")).length, 1);
  assert.deepEqual(readdirSync(pack).sort(), ["actions", "package.json"]);
  provide("two");
  assert.equal((await runOf("a.mjs")).result.result, "two");
  writeFileSync(join(pack, "package.json"), JSON.stringify({ dependencies: { words: "file:/nowhere.tgz" } }));
  await assert.rejects(runOf("a.mjs"), { code: "runner.node.modules", message: /npm said:\n.*nowhere/s });
});

test("many runs, however they end, leave no process and no descriptor", {
  skip: !isLinux,
  timeout: 120_000,
}, async () => {
  const own = createNodeScript(settings);
  const action = (entryPoint: string) => ({ ref: "examples.one", name: "one", pack: "examples", entryPoint });
  const texts = ["return 1;", "throw new Error('x');", "process.exit(1);", "setInterval(() => {}, 1000); return 1;"];
  texts.forEach((text, n) =>
    writeFileSync(join(packPath, "actions", `many${n}.mjs`), `export default async () => { ${text} };`),
  );
  const round = () =>
    Promise.all(texts.map((_, n) => own.run(aJob({ packPath, action: action(`many${n}.mjs`) }), aListener())));
  await round();
  await round();
  const before = descriptors();
  for (let n = 0; n < 8; n++) await round();
  assert.ok(descriptors() <= before + 6, `${before} descriptors before, ${descriptors()} after`);
});

function descriptors(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}

function processesOf(execution: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return (
        /^\d+$/.test(pid) &&
        readFileSync(`/proc/${pid}/environ`, "latin1").includes(execution) &&
        !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
      );
    } catch {
      return false;
    }
  });
}
