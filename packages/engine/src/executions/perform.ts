import { Denied, type Execution, type JsonObject, messageOf, type Snapshot, SquallError } from "@squall/model";
import type { Outcome } from "@squall/runners";
import { type Core, parameterContext } from "../core.ts";
import { evaluateWithKeys } from "../keys/lookup.ts";
import { renderFinal } from "../parameters/render.ts";
import { openParameters } from "../parameters/secrets.ts";
import { buildJob } from "./job.ts";
import type { Output } from "./output.ts";

/** Runs an execution with its runner. Never throws: whatever goes wrong is an outcome. */
export async function perform(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
  signal: AbortSignal,
  output: Output,
): Promise<Outcome> {
  const { parts } = core;
  const { action, runner: type } = snapshot;
  try {
    const runner = core.runners.get(execution.runner);
    const current = core.shelves.get(execution.project, "runner_type", execution.runner)?.body;
    if (!runner) throw new Error(`no runner "${execution.runner}" in this process`);
    if (current?.enabled === false)
      throw new Denied("runner.disabled", {
        message: `Runner "${execution.runner}" has been disabled by the administrator.`,
      });
    const plan = core.plans(action, type);
    const kept = openParameters(execution.parameters, plan.sealed, parts.vault);
    const about = { project: execution.project, pack: action.pack, user: execution.user, context: execution.context };
    const rendered = evaluateWithKeys(parts, execution.project, (keys) => {
      const context = parameterContext(core, { ...about, keys });
      return { ...renderFinal(plan, kept, context), config: (context.config_context ?? {}) as JsonObject };
    });
    const {
      runner: runnerParameters,
      action: actionParameters,
      config,
    } = rendered instanceof Promise ? await rendered : rendered;
    using job = await buildJob(core, execution, snapshot, {
      runnerParameters,
      actionParameters,
      config,
      schema: plan.merged,
    });
    const outcome = await runner.run(job, {
      signal,
      output: (kind, data) => output.write(kind, data),
      announce: (route, payload) =>
        parts.bus.publish({
          topic: "announcement",
          project: execution.project,
          route,
          payload,
          traceContext: (execution.context.trace_context ?? {}) as JsonObject,
        }),
    });
    if (signal.aborted && signal.reason === "shutdown" && outcome.status !== "succeeded") {
      return {
        status: "abandoned",
        result: {
          ...outcome.result,
          error: "the server was stopped while this ran, and it did not end in the time allowed",
        },
      };
    }
    if (Object.keys(outcome.result).length === 0) {
      return { status: "failed", result: { error: "Failed to execute action.", traceback: "" } };
    }
    const bytes = sizeOf(outcome.result);
    if (bytes > parts.limits.resultBytes) {
      return {
        status: "failed",
        result: {
          error: `the result has ${bytes} bytes and at most ${parts.limits.resultBytes} are kept; write large results to a file or an object store and return where they are`,
        },
      };
    }
    return outcome;
  } catch (thrown) {
    // An error that was foreseen explains itself; for any other the stack is all there is.
    if (thrown instanceof SquallError) {
      return { status: "failed", result: { error: thrown.message, code: thrown.code, traceback: "" } };
    }
    return {
      status: "failed",
      result: { error: messageOf(thrown), traceback: thrown instanceof Error ? (thrown.stack ?? "") : "" },
    };
  }
}

/** Bytes of the JSON, without making it for the small results that nearly all are. */
function sizeOf(result: JsonObject): number {
  let flat = 0;
  for (const key in result) {
    const value = result[key];
    if (typeof value === "string") flat += value.length;
    else if (typeof value === "object" && value !== null) return Buffer.byteLength(JSON.stringify(result));
  }
  return flat < 10_000 ? flat : Buffer.byteLength(JSON.stringify(result));
}
