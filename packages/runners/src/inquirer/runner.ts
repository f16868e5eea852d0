import { compileSchema, isObject, messageOf, toDraft4 } from "@squall/model";
import type { Outcome, Runner } from "../port.ts";
import { abortOutcome } from "../stopped.ts";
import { PARAMETERS } from "./parameters.ts";

/** Asks a question: the execution waits as `pending` until somebody answers it, without a slot and over restarts. */
export function createInquirer(): Runner {
  return {
    name: "inquirer",
    description: "A runner for pausing workflows and waiting for a response.",
    module: "inquirer_runner",
    lane: "inline",
    parameters: PARAMETERS,
    async run(job, io): Promise<Outcome> {
      if (io.signal.aborted) return abortOutcome(io.signal);
      const { schema, roles, users, route, ttl } = job.runnerParameters;
      const wrong = whatIsWrong(schema);
      if (wrong !== undefined) {
        const error = `the schema of the answer cannot be used, so nobody could answer: ${wrong}`;
        return { status: "failed", result: { error, traceback: "" } };
      }
      return {
        status: "pending",
        result: { schema, roles: roles ?? [], users: users ?? [], route: route ?? "", ttl: ttl ?? 0 },
      };
    },
  };
}

function whatIsWrong(schema: unknown): string | undefined {
  if (!isObject(schema)) return "it is no object";
  try {
    compileSchema(toDraft4(schema));
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
