import type { Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";

/** Does nothing, successfully: for trying rules and workflows. */
export function createNoop(): Runner {
  return {
    name: "noop",
    description: "A runner that does nothing and succeeds.",
    module: "noop_runner",
    lane: "inline",
    parameters: {},
    run: async (_job, io) =>
      io.signal.aborted
        ? abortOutcome(io.signal)
        : { status: "succeeded", result: { failed: false, succeeded: true, return_code: 0 } },
  };
}
