import type { Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";

/**
 * Makes workflows known as actions with parameters. The engine conducts them itself, step by step and over restarts, so
 * nothing ever runs here.
 */
export function createOrquesta(): Runner {
  return {
    name: "orquesta",
    description: "A runner for executing orquesta workflows.",
    module: "orquesta_runner",
    lane: "inline",
    outputKey: "output",
    parameters: {
      notify: {
        description: "Names of the tasks that notify as the workflow does when they complete.",
        type: "array",
        items: { type: "string", pattern: "^\\w+$" },
        uniqueItems: true,
        default: [],
      },
      timeout: {
        description: "Seconds that the whole workflow may take; 0 is as long as it takes.",
        type: "integer",
        minimum: 0,
        default: 0,
      },
    },
    run: (job, io) => {
      if (io.signal.aborted) return Promise.resolve(abortOutcome(io.signal));
      return Promise.reject(
        new Error(`the workflow ${job.action.ref} cannot run as a job: the engine conducts workflows`),
      );
    },
  };
}
