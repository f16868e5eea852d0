import type { Execution, JsonObject, Parameters, Snapshot } from "@squall/model";
import type { Job } from "@squall/runners";
import type { Core } from "../core.ts";

/** Everything a runner needs to know, in one value. The environment is StackStorm's (reference, section 5). */
export function buildJob(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
  rendered: {
    readonly runnerParameters: JsonObject;
    readonly actionParameters: JsonObject;
    readonly config: JsonObject;
    readonly schema: Parameters;
  },
): Job {
  const { parts } = core;
  const { action } = snapshot;
  const pack = core.shelves.get(execution.project, "pack", action.pack)?.body;
  return {
    execution: execution.id,
    action: { ref: action.ref, name: action.name, pack: action.pack, entryPoint: action.entry_point },
    ...(pack?.path && { packPath: pack.path }),
    ...(pack?.digest && { packDigest: pack.digest }),
    ...(pack?.python_fork === false && { pythonFork: false }),
    ...rendered,
    // Made when it is asked for: runners without a child process have no use for a token.
    get environment() {
      return {
        ST2_ACTION_PACK_NAME: action.pack,
        ST2_ACTION_EXECUTION_ID: execution.id,
        ST2_ACTION_API_URL: parts.apiUrl(),
        ST2_ACTION_DEBUG: rendered.runnerParameters.debug === true ? "True" : "False",
        ST2_ACTION_AUTH_TOKEN: parts.vault.executionToken(execution.id),
      };
    },
    user: execution.user,
    context: execution.context,
    limits: {
      outputBytes: parts.limits.outputBytes,
      ...(parts.limits.memoryBytes !== undefined && { memoryBytes: parts.limits.memoryBytes }),
    },
  };
}
