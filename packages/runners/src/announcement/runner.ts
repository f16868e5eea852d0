import type { Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";
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
      if (io.signal.aborted) return abortOutcome(io.signal);
      if (job.runnerParameters.experimental !== true) {
        const error = `Experimental flag is missing for action ${job.action.ref}`;
        return { status: "failed", result: { error, traceback: "" } };
      }
      io.announce(String(job.runnerParameters.route ?? "general"), job.actionParameters);
      // Spread last, as StackStorm does: a parameter called `output` wins.
      return { status: "succeeded", result: { output: job.actionParameters, ...job.actionParameters } };
    },
  };
}
