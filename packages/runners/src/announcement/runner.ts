import type { Runner } from "../port.ts";
import { PARAMETERS } from "./parameters.ts";

/** Publishes its parameters on the event stream under a route. */
export function createAnnouncement(): Runner {
  return {
    name: "announcement",
    description: "A runner for emitting an announcement on the stream.",
    module: "announcement_runner",
    lane: "inline",
    parameters: PARAMETERS,
    async run(job, io) {
      if (io.signal.aborted) return { status: io.signal.reason === "shutdown" ? "abandoned" : "canceled", result: {} };
      if (job.runnerParameters.experimental !== true) {
        const error = `Experimental flag is missing for action ${job.action.ref}`;
        return { status: "failed", result: { error, traceback: "" } };
      }
      io.announce(String(job.runnerParameters.route ?? "general"), {
        payload: job.actionParameters,
        trace_context: job.context.trace_context ?? null,
      });
      // Spread last, as StackStorm does: a parameter called `output` wins.
      return { status: "succeeded", result: { output: job.actionParameters, ...job.actionParameters } };
    },
  };
}
