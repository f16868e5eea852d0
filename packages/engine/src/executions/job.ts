import { sep } from "node:path";
import type { Action, Execution, JsonObject, Pack, Parameters, Snapshot } from "@squall/model";
import type { Job } from "@squall/runners";
import type { Core } from "../core.ts";

/**
 * Everything a runner needs to know, in one value; it holds the code that is to run until it is disposed. The environment is
 * StackStorm's (reference, section 5). Throws Unavailable when the code cannot be had.
 */
export async function buildJob(
  core: Core,
  execution: Execution,
  snapshot: Snapshot,
  rendered: {
    readonly runnerParameters: JsonObject;
    readonly actionParameters: JsonObject;
    readonly config: JsonObject;
    readonly schema: Parameters;
  },
): Promise<Job & Disposable> {
  const { parts } = core;
  const { action, archive } = snapshot;
  const pack = core.shelves.get(execution.project, "pack", action.pack)?.body;
  // Actions without a file run without their pack's folder, and need not wait for it.
  const needsCode = action.entry_point !== "" || parts.code === undefined;
  const code = needsCode ? await core.code.hold(execution.project, action.pack, archive) : undefined;
  const digest = code?.path === pack?.path ? pack?.digest : archive;
  return {
    execution: execution.id,
    action: {
      ref: action.ref,
      name: action.name,
      pack: action.pack,
      entryPoint: entryPointIn(code?.path, action, pack),
    },
    ...(code && { packPath: code.path }),
    ...(code && digest && { packDigest: digest }),
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
    [Symbol.dispose]: () => code?.[Symbol.dispose](),
    limits: {
      outputBytes: parts.limits.outputBytes,
      ...(parts.limits.memoryBytes !== undefined && { memoryBytes: parts.limits.memoryBytes }),
    },
  };
}

/** An entry point may be absolute; then it names a file of the folder that the pack was registered from. */
function entryPointIn(folder: string | undefined, action: Action, pack: Pack | undefined): string {
  const entry = action.entry_point;
  const isOfPack = pack !== undefined && folder !== undefined && entry.startsWith(pack.path + sep);
  return isOfPack ? folder + entry.slice(pack.path.length) : entry;
}
