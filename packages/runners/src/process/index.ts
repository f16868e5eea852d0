/** Child processes: start, capture, limit, end with all descendants. Used by every runner that starts programs. */
export { baseEnvironment, type Environment } from "./environment.ts";
export { type ProcessEnd, type ProcessLimits, runProcess } from "./run-process.ts";
export { commandLine, type Shells, type Sudo } from "./command-line.ts";
export { createProcessTable } from "./members.ts";
export { endLeftovers } from "./leftovers.ts";
