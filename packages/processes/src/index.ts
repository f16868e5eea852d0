/** Child processes: start, capture, limit, end with all descendants. For rooms that start programs. */
export { type Capture, createCapture } from "./capture.ts";
export { commandLine, type Command, findShells, type Shells, type Sudo } from "./command-line.ts";
export { baseEnvironment, type Environment } from "./environment.ts";
export { folderUses } from "./folder-uses.ts";
export { type Elevation, killTree, sendElevated } from "./kill-tree.ts";
export { createLauncher, type Launcher } from "./launcher/launcher.ts";
export { endLeftovers } from "./leftovers.ts";
export { BLANK_MARK, createProcessTable, MARK, type ProcessTable } from "./members.ts";
export {
  findInterpreter,
  type Interpreter,
  interpreterEnvironment,
  type PythonSettings,
  withPythonCure,
} from "./python/interpreter.ts";
export { installerBase, type PackageSources } from "./python/package-sources.ts";
export {
  type BuildHooks,
  describeVirtualenv,
  ensureVirtualenv,
  removeVirtualenv,
  type VirtualenvRequest,
  type VirtualenvSummary,
} from "./python/virtualenv.ts";
export { startStaying, type StayingProcess, type StayingRequest } from "./stay.ts";
export type { ProcessRequest } from "./run-process.ts";
export {
  type Captures,
  createCaptures,
  endOf,
  type ProcessEnd,
  type ProcessLimits,
  supervise,
  type Supervised,
  type Supervision,
} from "./supervise.ts";
