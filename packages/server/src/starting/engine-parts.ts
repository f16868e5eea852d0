import { join } from "node:path";
import type { Limits } from "@squall/engine";
import { baseEnvironment } from "@squall/processes";
import { createRunners, type Runner } from "@squall/runners";
import type { SensorSettings } from "@squall/sources";
import { DEFAULT_SETTINGS } from "../context.ts";
import type { Log } from "../log.ts";
import { ROOT, type ServerOptions } from "../options.ts";

/** What the engine may take. */
export function limitsOf(options: ServerOptions): Limits {
  return {
    processSlots: options.processSlots,
    // Inline actions hold no processor while they wait (http-request), so many go on at once.
    inlineSlots: 256,
    // Enough for a long log; what is larger belongs in a file.
    outputBytes: 10 * 1024 * 1024,
    // StackStorm's practical bound: the size of a document in its database.
    resultBytes: 14 * 1024 * 1024,
    // A hundred thousand waiting are a hundred MB on disk and a day of one-second actions on one worker.
    waiting: 100_000,
    ...(options.actionMemoryBytes !== undefined && { memoryBytes: options.actionMemoryBytes }),
    // Ten times the largest list that anybody has run a task over.
    workflowExecutions: 100_000,
    // People nest three or four; a workflow that runs itself by mistake is found out soon.
    workflowDepth: 20,
  };
}

/** `packFolder` says where a registered pack is on this machine. */
export function runnersOf(
  options: ServerOptions,
  log: Log,
  packFolder: (pack: string) => Promise<string | undefined>,
): readonly Runner[] {
  return createRunners({
    version: DEFAULT_SETTINGS.version,
    pythonPath: join(ROOT, "python"),
    virtualenvs: join(options.dataDirectory, "virtualenvs"),
    packFolder,
    packRoots: [...options.packRoots, join(options.dataDirectory, "packs")],
    packages: options.packages,
    ssh: options.ssh,
    nodeModules: join(options.dataDirectory, "node_modules-of"),
    pythonForks: {
      onUnfit: (file, why) => log.info({ file, why }, "a Python action runs in fresh interpreters, which is slower"),
    },
  });
}

/** How sensors run, where the role sources makes them run. */
export function sensorsOf(options: ServerOptions): SensorSettings {
  return {
    python: {
      pythonPath: join(ROOT, "python"),
      python: "python3",
      virtualenvs: join(options.dataDirectory, "virtualenvs"),
      packLibraries: false,
      packages: options.packages,
    },
    environment: baseEnvironment(process.env),
    logs: join(options.dataDirectory, "logs", "sensors"),
    configs: join(options.dataDirectory, "configs"),
    limits: options.sensorLimits ?? {},
  };
}
