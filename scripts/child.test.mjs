import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { leftovers } from "./leftovers.mjs";

const children = JSON.stringify(new URL("child.mjs", import.meta.url).href);

/** Starts a process that runs the text as a module with `foreground`, `job` and `exitStatus` at hand. */
function launcher(t, text) {
  const module = `import { exitStatus, foreground, job } from ${children};\n${text}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", module], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  child.stdout.setEncoding("utf8");
  return child;
}

const node = "process.execPath";

test("a foreground program's exit status is kept", async (t) => {
  const child = launcher(t, `process.exit(exitStatus(await foreground(${node}, ["-e", "process.exit(7)"])));`);
  assert.deepEqual(await once(child, "exit"), [7, null]);
});

test("SIGTERM and, without a terminal, SIGINT reach the foreground program, which decides how it ends", async (t) => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const program = `process.on("${signal}", () => process.exit(5)); setInterval(() => {}, 1e6); console.log("up")`;
    const child = launcher(
      t,
      `process.exit(exitStatus(await foreground(${node}, ["-e", ${JSON.stringify(program)}])));`,
    );
    await once(child.stdout, "data");
    child.kill(signal);
    assert.deepEqual(await once(child, "exit"), [5, null], signal);
  }
});

test("a program that a signal ended gives the status that a shell would", async (t) => {
  const child = launcher(
    t,
    `process.exit(exitStatus(await foreground(${node}, ["-e", "process.kill(process.pid, 'SIGKILL')"])));`,
  );
  assert.deepEqual(await once(child, "exit"), [137, null]);
});

test("when the script is told to stop, a job's whole family ends before it does", async (t) => {
  const family = `
    const { spawn } = require("node:child_process");
    spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
    console.log(process.pid);
    setInterval(() => {}, 1e6);`;
  const child = launcher(t, `await job(${node}, ["-e", ${JSON.stringify(family)}]);`);
  const [line] = await once(child.stdout, "data");
  const group = Number(line);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [143, null]);
  assert.deepEqual(leftovers(group), []);
});

test("a job's output is kept where asked, its end where there is much", async (t) => {
  const text = `const { output, code } = await job(${node}, ["-e", "console.log('x'.repeat(1e5)); console.error('end')"], { keep: "output" });
    console.log(JSON.stringify([code, output.length, output.endsWith("end\\n")]));`;
  const child = launcher(t, text);
  const [line] = await once(child.stdout, "data");
  assert.deepEqual(JSON.parse(line), [0, 65_536, true]);
});
