import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { aJob, aListener, type Listener } from "../a-job.ts";
import { type RunnerOptions, settle } from "../options.ts";
import type { Job, Outcome } from "../port.ts";
import { createPythonScript } from "./runner.ts";

export interface PythonPack extends AsyncDisposable {
  readonly path: string;
  /** Why files turned out to need fresh interpreters. */
  readonly unfit: string[];
  write(file: string, text: string): void;
  /** Writes a body of `run(self, **parameters)` below the lines of `top` as the action in `actions/<file>`. */
  action(body: string, how?: { top?: string; file?: string }): void;
  /** The same, and runs it. */
  run(body: string, how?: { top?: string; file?: string; io?: Listener } & Partial<Job>): Promise<Outcome>;
  /** Runs what is in `actions/<file>`. */
  again(file: string, how?: { io?: Listener } & Partial<Job>): Promise<Outcome>;
}

/** For tests: the interpreter itself, where `python3` is a script that chooses one and sets variables of its own. */
export function realPython(): string {
  return execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim();
}

/** For tests: a pack on disk and the runner that runs its actions, each execution with an id of its own. */
export function aPythonPack(options: RunnerOptions = {}): PythonPack {
  const path = mkdtempSync(join(tmpdir(), "squall-test-pack-"));
  const unfit: string[] = [];
  const { pythonForks, ...others } = options;
  const runner = createPythonScript(
    settle({
      killGraceMs: 300,
      drainMs: 300,
      ...others,
      pythonForks: pythonForks === false ? false : { onUnfit: (_, why) => void unfit.push(why), ...pythonForks },
    }),
  );
  let runs = 0;
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  };
  const action: PythonPack["action"] = (body, { top = "", file = "one.py" } = {}) => {
    const indented = body.replaceAll("\n", "\n        ");
    const head = `import os, sys\nfrom st2common.runners.base_action import Action\n${top}\n`;
    write(join("actions", file), `${head}class One(Action):\n    def run(self, **parameters):\n        ${indented}\n`);
  };
  const again: PythonPack["again"] = (file, { io = aListener(), ...parts } = {}) => {
    const action = { ref: "examples.one", name: "one", pack: "examples", entryPoint: file };
    const execution = `${process.pid.toString(16)}f0${Math.floor(performance.now()).toString(16)}${(++runs).toString(16)}`;
    return runner.run(aJob({ packPath: path, action, execution: execution.padStart(24, "0"), ...parts }), io);
  };
  mkdirSync(join(path, "actions", "lib"), { recursive: true });
  return {
    path,
    unfit,
    write,
    again,
    action,
    run(body, { top = "", file = "one.py", ...how } = {}) {
      action(body, { top, file });
      return again(file, how);
    },
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
