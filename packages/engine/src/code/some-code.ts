import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import type { TestEngine } from "../an-engine.ts";

/** A folder that goes with the test. */
export async function aFolder(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "squall-code-")));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, { mode: 0o755 });
  }
}

/** A pack `p` with an action for every way that files of a pack are used; they tell `word`. */
export function packSaying(word: string): Record<string, string> {
  const action = (name: string, runner: string, entryPoint: string) => ({
    [`actions/${name}.yaml`]: JSON.stringify({ name, runner_type: runner, entry_point: entryPoint, enabled: true }),
  });
  return {
    "pack.yaml": JSON.stringify({
      ref: "p",
      name: "p",
      version: "1.0.0",
      description: "",
      author: "a",
      email: "a@b.cc",
    }),
    ...action("python", "python-script", "python.py"),
    "actions/python.py":
      "import word\nfrom st2common.runners.base_action import Action\n\n\n" +
      "class One(Action):\n    def run(self):\n        return word.WORD\n",
    "actions/lib/word.py": `WORD = "${word}"\n`,
    ...action("shell", "local-shell-script", "shell.sh"),
    "actions/shell.sh": `#!/bin/sh\ncat "$(dirname "$0")/word.txt"\n`,
    "actions/word.txt": word,
    ...action("node", "node-script", "node.js"),
    "actions/node.js": `import { WORD } from "./word.js";\nexport default () => WORD;\n`,
    "actions/word.js": `export const WORD = "${word}";\n`,
    "package.json": `{ "type": "module" }`,
    ...action("flow", "orquesta", "workflows/flow.yaml"),
    "actions/workflows/flow.yaml":
      `version: 1.0\ntasks:\n  one:\n    action: p.shell\n    next:\n      - publish:\n          - told: <% result().stdout %>\n` +
      `output:\n  - word: ${word}\n  - told: <% ctx(told) %>\n`,
  };
}

/** What the actions of `packSaying` tell, by name. */
export const SAID: Readonly<Record<string, (result: Readonly<Record<string, unknown>> | undefined) => unknown>> = {
  python: (result) => result?.result,
  shell: (result) => result?.stdout,
  node: (result) => result?.result,
  flow: (result) => (result?.output as { word?: unknown } | undefined)?.word,
};

export async function register(t: TestEngine, folder: string): Promise<void> {
  const { problems } = await t.engine.content.register(DEFAULT_PROJECT, [folder]);
  if (problems.some((one) => one.severity === "error")) throw new Error(JSON.stringify(problems));
}

export async function run(t: TestEngine, name: string): Promise<unknown> {
  const { id } = await t.engine.executions.request(t.admin, { action: `p.${name}` });
  return said(t, name, id);
}

export async function said(t: TestEngine, name: string, id: string): Promise<unknown> {
  const ended = await t.engine.executions.settled(DEFAULT_PROJECT, id, AbortSignal.timeout(20_000));
  if (ended.status !== "succeeded") return `${ended.status} ${JSON.stringify(ended.result)}`;
  return SAID[name]?.(ended.result);
}
