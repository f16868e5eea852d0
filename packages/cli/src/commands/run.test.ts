import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome, runSquall } from "../testing/run-squall.ts";
import {
  anExecution,
  endOutput,
  EXECUTION_ID,
  LOCAL,
  offerRun,
  sendJson,
  sendOutput,
  startEvents,
  startStandIn,
} from "../testing/stand-in.ts";

const STREAM = `GET /stream/executions/${EXECUTION_ID}/output`;

test("run prints what the action prints, stdout to stdout and stderr to stderr, and ends with 0", async (t) => {
  const standIn = await startStandIn(t);
  offerRun(
    standIn,
    [
      ["stdout", "one\n"],
      ["stderr", "careful\n"],
      ["stdout", "two\n"],
    ],
    { status: "succeeded", result: { stdout: "one\ntwo\n", return_code: 0 } },
  );
  const ended = await runSquall(emptyHome(), ["run", "core.local", "--", "echo", "-n", "x"], { url: standIn.url });
  assert.deepEqual(ended, { status: 0, stdout: "one\ntwo\n", stderr: "careful\n" });
  assert.deepEqual(standIn.got("POST /executions")[0]?.body, {
    action: "core.local",
    parameters: { cmd: "echo -n x" },
  });
});

test("run ends with the action's exit status when it fails, 124 when it times out, and says so on stderr", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  for (const [status, exit, words] of [
    ["failed", 3, "core.local failed (exit status 3) after 1.0 s"],
    ["timeout", 124, "core.local timed out after 1.0 s"],
    ["canceled", 1, "core.local was canceled after 1.0 s"],
    ["abandoned", 1, "core.local was abandoned after 1.0 s"],
  ] as const) {
    // An abandoned execution has no stdout in its result; its error still belongs on stderr.
    const rest = status === "abandoned" ? { worker: "w" } : { stdout: "", return_code: 3 };
    offerRun(standIn, [], { status, result: { ...rest, error: "it broke" } });
    const ended = await runSquall(home, ["run", "core.local", "false"], { url: standIn.url });
    assert.equal(ended.status, exit);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, /it broke/);
    assert(ended.stderr.includes(words), ended.stderr);
  }
});

test("--json prints the execution and nothing else, --yaml the same as YAML", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  offerRun(standIn, [["stdout", "noise\n"]], { status: "failed", result: { stdout: "noise", return_code: 1 } });
  const json = await runSquall(home, ["run", "core.local", "false", "--json"], { url: standIn.url });
  assert.equal(json.status, 1);
  assert.equal((JSON.parse(json.stdout) as { status: string }).status, "failed");
  assert.equal(json.stderr, "");
  const yaml = await runSquall(home, ["run", "core.local", "false", "-y"], { url: standIn.url });
  assert.match(yaml.stdout, /^status: failed$/m);
});

test("--async prints the id and does not wait; --key prints one part of the result; --tail only the output", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  offerRun(standIn, [["stdout", "told\n"]], { status: "succeeded", result: { stdout: "told", return_code: 0 } });
  const left = await runSquall(home, ["run", "core.local", "x", "--async"], { url: standIn.url });
  assert.match(left.stdout, new RegExp(`running: ${EXECUTION_ID}\n.*squall execution get ${EXECUTION_ID}`));
  assert.equal(standIn.got(STREAM).length, 0);
  const key = await runSquall(home, ["run", "core.local", "x", "-k", "return_code"], { url: standIn.url });
  assert.equal(key.stdout, "0\n");
  const tail = await runSquall(home, ["run", "core.local", "x", "--tail"], { url: standIn.url });
  assert.deepEqual(tail, { status: 0, stdout: "told\n", stderr: "" });
});

test("delay, where, priority, trace tag, user, the caller's environment and a parameter's file are sent with the request", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  offerRun(standIn, [], { status: "succeeded", result: {} });
  writeFileSync(join(home, "script.sh"), "echo hi\n");
  const args = [
    "run",
    "core.local",
    "@cmd=script.sh",
    "timeout=5",
    "--delay",
    "200",
    "--where",
    "site=edge,gpu=yes",
    "--priority",
    "-5",
    "--trace-tag",
    "T1",
    "-u",
    "eve",
    "-e",
  ];
  await runSquall(home, args, { url: standIn.url, env: { COLOUR: "red", SQUALL_TOKEN: "not-for-actions" } });
  assert.deepEqual(standIn.got("POST /executions")[0]?.body, {
    action: "core.local",
    parameters: { cmd: "echo hi\n", timeout: 5, env: { COLOUR: "red" } },
    user: "eve",
    delay: 200,
    where: { site: "edge", gpu: "yes" },
    priority: -5,
    context: { trace_context: { trace_tag: "T1" } },
  });
});

test("labels and priorities that no worker and no server takes are refused with what is wrong", async () => {
  const home = emptyHome();
  const cases: [string[], RegExp][] = [
    [["--where", "edge"], /KEY=VALUE: '' is no value of a label/],
    [["--where", "site=edge", "--where", "site=core"], /one value of "site", not edge and core/],
    [["--where", `site=${"x".repeat(64)}`], /up to 63 letters/],
    [["--priority", "101"], /whole number from -100 to 100/],
  ];
  for (const [options, message] of cases) {
    const refused = await runSquall(home, ["run", "core.noop", ...options], { url: "http://127.0.0.1:9" });
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, message);
  }
});

test("an unknown action, a mistyped parameter and a wrong value are told with what was meant", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  standIn.on("GET /actions/views/overview/core.local", LOCAL);
  standIn.on("GET /actions", [{ ref: "core.local" }, { ref: "core.http" }]);
  const action = await runSquall(home, ["run", "core.locl", "x"], { url: standIn.url });
  assert.equal(action.status, 1);
  assert.match(action.stderr, /there is no action 'core.locl'\n.*did you mean 'core.local'\?/);
  const parameter = await runSquall(home, ["run", "core.local", "timout=3"], { url: standIn.url });
  assert.equal(parameter.status, 2);
  assert.match(parameter.stderr, /core.local has no parameter 'timout'\n.*did you mean 'timeout'\?/);
  const value = await runSquall(home, ["run", "core.local", "timeout=soon"], { url: standIn.url });
  assert.equal(value.status, 2);
  assert.match(value.stderr, /parameter 'timeout' takes an integer such as 3, not 'soon'/);
  const secret = await runSquall(home, ["run", "core.local", "sudo_password=?", "x"], { url: standIn.url });
  assert.equal(secret.status, 2);
  assert.match(secret.stderr, /no terminal to ask/);
});

test("a stream that breaks is opened again, and what was printed before is not printed twice", async (t) => {
  const standIn = await startStandIn(t);
  offerRun(standIn, [], { status: "succeeded", result: { stdout: "..." } });
  let connections = 0;
  standIn.on(STREAM, (response) => {
    connections += 1;
    startEvents(response);
    sendOutput(response, "stdout", "tick\n");
    if (connections === 1) {
      sendOutput(response, "stdout", "ti");
      response.write("\n", () => response.destroy());
      return;
    }
    // Told again in other pieces, and then the rest.
    sendOutput(response, "stdout", "tick\ntick\n");
    sendOutput(response, "stderr", "done\n");
    endOutput(response);
  });
  standIn.on(`GET /executions/${EXECUTION_ID}`, (response) =>
    sendJson(response, 200, anExecution({ status: connections < 2 ? "running" : "succeeded", result: {} })),
  );
  const ended = await runSquall(emptyHome(), ["run", "core.local", "x"], { url: standIn.url });
  assert.deepEqual(ended, { status: 0, stdout: "tick\ntick\ntick\n", stderr: "done\n" });
});

test("without the stream the output is polled, and the end of it is not lost", async (t) => {
  const standIn = await startStandIn(t);
  offerRun(standIn, [], { status: "succeeded", result: { stdout: "early\nlate\n" } });
  standIn.on(STREAM, (response) => sendJson(response, 404, { faultstring: "no stream here" }));
  let looks = 0;
  let over = false;
  standIn.on(`GET /executions/${EXECUTION_ID}`, (response) => {
    over = looks > 0;
    sendJson(response, 200, anExecution({ status: over ? "succeeded" : "running", result: {} }));
  });
  standIn.on(`GET /executions/${EXECUTION_ID}/output`, (response, { query }) => {
    if (query.get("output_type") === "stdout") looks += 1;
    const texts: Record<string, string> = { stdout: over ? "early\nlate\n" : "early\n" };
    response.writeHead(200, { "content-type": "text/plain" }).end(texts[query.get("output_type") ?? ""] ?? "");
  });
  const ended = await runSquall(emptyHome(), ["run", "core.local", "x"], { url: standIn.url });
  assert.deepEqual(ended, { status: 0, stdout: "early\nlate\n", stderr: "" });
});

test("the first Ctrl-C says how to cancel and keeps waiting, the second leaves with 130", async (t) => {
  const standIn = await startStandIn(t);
  offerRun(standIn, [], { status: "running" });
  let interrupts = 0;
  standIn.on(STREAM, (response) => {
    startEvents(response);
    sendOutput(response, "stderr", "up\n");
  });
  const ended = await runSquall(emptyHome(), ["run", "core.local", "sleep 9"], {
    url: standIn.url,
    onStderr(text, child) {
      if ((interrupts === 0 && text.includes("up")) || (interrupts === 1 && text.includes("execution cancel"))) {
        interrupts += 1;
        child.kill("SIGINT");
      }
    },
  });
  assert.equal(interrupts, 2);
  assert.equal(ended.status, 130);
  assert.match(ended.stderr, new RegExp(`squall execution cancel ${EXECUTION_ID}`));
  assert.equal(standIn.got(`DELETE /executions/${EXECUTION_ID}`).length, 0);
});

test("a Python action's result is on stdout, what it prints on the way on stderr", async (t) => {
  const standIn = await startStandIn(t);
  const python = { ...LOCAL, ref: "examples.count", runner_type: "python-script" };
  offerRun(standIn, [["stdout", "counting\n"]], {
    action: python,
    status: "succeeded",
    result: { result: { count: 3, of: ["a"] }, stdout: "counting\n", exit_code: 0 },
  });
  standIn.on("POST /executions", (response) => sendJson(response, 201, anExecution({ action: python })));
  const ended = await runSquall(emptyHome(), ["run", "core.local", "x"], { url: standIn.url });
  assert.deepEqual(ended, { status: 0, stdout: "count: 3\nof:\n  - a\n", stderr: "counting\n" });
});
