// A run of `node --test` that ends whatever its tests do: a test file waits for all that it left open, and the run for every process
// that has the file's output, neither of which a test's timeout ends.

import { setTimeout as delay } from "node:timers/promises";
import { job } from "./child.mjs";
import { leftovers, RUN_MARK } from "./leftovers.mjs";

/** How long a process may take to end after its test did. */
const LEAVING_MS = 2_000;

/**
 * Runs `node --test`, with the reporter beside this file, as a job; answers what `job` does, its message being the counts. The run fails
 * if a process is left that its tests started. When nothing is heard of it for `silenceMs`, what it waits for is ended.
 */
export async function runTests(node, args, { cwd, env, silenceMs }) {
  const mark = `${process.pid}-${Date.now()}`;
  let group;
  let silence;
  let hung = [];
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      hung = leftovers(group, mark).filter((line) => Number.parseInt(line, 10) !== group);
      end(hung, `nothing heard of the tests for ${silenceMs / 1000} s`);
    }, silenceMs);
  };
  const started = (pid) => {
    group = pid;
    heard();
  };
  const options = { cwd, env: { ...env, [RUN_MARK]: mark }, ipc: true, started, heard };
  const result = await job(node, args, options).finally(() => clearTimeout(silence));
  // What was told to end with its test may still be about to.
  const deadline = Date.now() + LEAVING_MS;
  let left = leftovers(group, mark);
  while (left.length > 0 && Date.now() < deadline) {
    await delay(50);
    left = leftovers(group, mark);
  }
  if (left.length > 0) end(left, "left running by a test");
  return { ...result, code: result.code || Number(left.length + hung.length > 0) };
}

/** Ends processes, given as `leftovers` names them. */
function end(processes, why) {
  process.stdout.write(`${why}; ended now:\n${processes.join("\n")}\n`);
  for (const line of processes) kill(Number.parseInt(line, 10));
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
