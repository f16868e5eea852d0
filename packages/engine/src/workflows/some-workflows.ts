import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_PROJECT, type Execution, type JsonObject } from "@squall/model";
import { anEngine, type TestEngine } from "../an-engine.ts";

/** For tests: an engine with a pack `flows` whose workflows are given as texts, by name. */
export interface WorkflowEngine extends AsyncDisposable {
  readonly t: TestEngine;
  /** For files of tests. */
  readonly folder: string;
  /** Makes an empty file in it. */
  touch(name: string): Promise<void>;
  /** Stops the engine and starts another one on the same store; `t` is that one then. */
  reopen(): Promise<void>;
  /** Removes, or replaces, a definition's file. */
  remove(name: string): Promise<void>;
  write(name: string, definition: string): Promise<void>;
  /** Gives the pack this schema of its configuration. */
  configure(schema: JsonObject): Promise<void>;
  request(name: string, parameters?: JsonObject, more?: JsonObject): Promise<Execution>;
  run(name: string, parameters?: JsonObject, more?: JsonObject): Promise<Execution>;
  settled(id: string): Promise<Execution>;
  /** The tasks' executions, oldest first. */
  children(id: string): Promise<Execution[]>;
  /** Resolves with the execution when it, or one of its tasks' with this name, has this status. */
  reaches(id: string, status: string, task?: string): Promise<Execution>;
}

export type Flows = Readonly<
  Record<string, string | { readonly definition: string; readonly parameters?: JsonObject; readonly runner?: string }>
>;

/** Writes a pack `flows` into a folder. */
export async function writeFlows(folder: string, flows: Flows): Promise<void> {
  await mkdir(join(folder, "actions", "workflows"), { recursive: true });
  const pack = {
    ref: "flows",
    name: "flows",
    description: "For tests",
    version: "1.0.0",
    author: "a",
    email: "a@b.cc",
  };
  await writeFile(join(folder, "pack.yaml"), JSON.stringify(pack));
  for (const [name, flow] of Object.entries(flows)) {
    const { definition, parameters = {}, runner = "orquesta" } = typeof flow === "string" ? { definition: flow } : flow;
    await writeFile(join(folder, "actions", "workflows", `${name}.yaml`), definition);
    const action = { name, runner_type: runner, entry_point: `workflows/${name}.yaml`, enabled: true, parameters };
    await writeFile(join(folder, "actions", `${name}.yaml`), JSON.stringify(action));
  }
}

export async function someWorkflows(
  flows: Flows,
  options: Parameters<typeof anEngine>[0] = {},
): Promise<WorkflowEngine> {
  const directory = await mkdtemp(join(tmpdir(), "squall-flows-"));
  const folder = join(directory, "flows");
  await writeFlows(folder, flows);
  let t = await anEngine(options);
  const { problems } = await t.engine.content.register(DEFAULT_PROJECT, [folder]);
  const errors = problems.filter((one) => one.severity === "error");
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  const request = (name: string, parameters: JsonObject = {}, more: JsonObject = {}) =>
    t.engine.executions.request(t.admin, { action: `flows.${name}`, parameters, ...more });
  const settled = (id: string) => t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(20_000));
  const children = (id: string) => t.engine.executions.children(DEFAULT_PROJECT, id, 1);
  return {
    get t() {
      return t;
    },
    folder: directory,
    touch: (name) => writeFile(join(directory, name), ""),
    async reopen() {
      t = await t.reopen();
    },
    request,
    settled,
    children,
    remove: (name) => rm(join(folder, "actions", "workflows", `${name}.yaml`)),
    write: (name, definition) => writeFile(join(folder, "actions", "workflows", `${name}.yaml`), definition),
    async configure(schema) {
      await writeFile(join(folder, "config.schema.yaml"), JSON.stringify(schema));
      await t.engine.content.register(DEFAULT_PROJECT, [folder]);
    },
    run: async (name, parameters, more) => settled((await request(name, parameters, more)).id),
    reaches: (id, status, task) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => finish(new Error(`${task ?? id} never was ${status}`)), 15_000);
        const stop = t.parts.bus.subscribe(["execution"], ({ execution }) => look(execution));
        const finish = (found: Execution | Error) => {
          clearTimeout(timer);
          stop();
          if (found instanceof Error) reject(found);
          else resolve(found);
        };
        const look = (one: Execution) => {
          const isIt = task === undefined ? one.id === id : one.parent === id && taskNames([one])[0] === task;
          if (isIt && one.status === status) finish(one);
        };
        // What happened before anybody listened.
        void (async () => {
          const own = task === undefined ? await t.store.execution(DEFAULT_PROJECT, id) : undefined;
          for (const one of own ? [own] : await children(id)) look(one);
        })().catch(finish);
      }),
    async [Symbol.asyncDispose]() {
      await t[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

/** The task names of executions, in the order of the executions. */
export function taskNames(executions: readonly Execution[]): string[] {
  return executions.map(({ context }) => {
    const place = (context.orquesta ?? context.chain) as JsonObject | undefined;
    return String(place?.task_name ?? place?.name);
  });
}

/**
 * Runs a workflow in a process of its own that dies after the commit with this number; `out` is how many commits there
 * were when it did not.
 */
export async function runKilled(
  directory: string,
  folder: string,
  key: string,
  at: number,
  name = "twenty",
  mode: "run" | "cancel" | "timeout" = "run",
): Promise<{ readonly signal: string | null; readonly out: string }> {
  const program = join(import.meta.dirname, "kill.child.ts");
  const child = spawn(process.execPath, [program, directory, folder, key, String(at), name, mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  return new Promise((resolve) => {
    child.on("close", (_code, signal) => resolve({ signal, out }));
  });
}
