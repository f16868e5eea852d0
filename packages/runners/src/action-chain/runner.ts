import type { Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";

/** Makes action chains known as actions with parameters. The engine conducts them as it does workflows: nothing runs here. */
export function createActionChain(): Runner {
  return {
    name: "action-chain",
    description: "A runner for chains of actions, one after the other.",
    module: "action_chain_runner",
    lane: "inline",
    outputKey: "published",
    parameters: {
      display_published: {
        description: "Whether the result has what was published.",
        type: "boolean",
        default: true,
      },
      skip_notify: {
        description: "Names of the nodes that do not notify as the chain does when they complete.",
        type: "array",
        default: [],
      },
    },
    run: (job, io) => {
      if (io.signal.aborted) return Promise.resolve(abortOutcome(io.signal));
      return Promise.reject(
        new Error(`the action chain ${job.action.ref} cannot run as a job: the engine conducts chains`),
      );
    },
  };
}
