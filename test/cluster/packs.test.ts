import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import { startPostgres, type TestPostgres, whyNoPostgres } from "@squall/store";
import { ended, type Member, severalEngines } from "./engines.ts";

const ACTION = (name: string, runner: string, file: string) =>
  `name: ${name}\nrunner_type: ${runner}\nentry_point: ${file}\nenabled: true\n`;
const FILES = (word: string): Readonly<Record<string, string>> => ({
  "pack.yaml": "name: p\nref: p\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@b.cc\n",
  "actions/shell.yaml": ACTION("shell", "local-shell-script", "shell.sh"),
  "actions/shell.sh": `#!/bin/sh\necho ${word}\n`,
  "actions/python.yaml": ACTION("python", "python-script", "python.py"),
  "actions/python.py":
    "from st2common.runners.base_action import Action\nimport word\n\n\n" +
    "class One(Action):\n    def run(self):\n        return word.WORD\n",
  "actions/lib/word.py": `WORD = "${word}"\n`,
  "actions/node.yaml": ACTION("node", "node-script", "node.mjs"),
  "actions/node.mjs": `export default () => "${word}";\n`,
  "actions/flow.yaml": ACTION("flow", "orquesta", "workflows/flow.yaml"),
  "actions/workflows/flow.yaml":
    "version: 1.0\ntasks:\n  one:\n    action: p.shell\n    next:\n      - publish: [{told: <% result().stdout %>}]\n" +
    `output: [{told: <% ctx(told) %>}, {definition: ${word}}]\n`,
});

describe("packs of engines that share a database", { skip: whyNoPostgres() ?? false, timeout: 180_000 }, () => {
  let postgres: TestPostgres;
  let folder: string;
  before(async () => {
    postgres = await startPostgres(["fsync=off"]);
    folder = await mkdtemp(join(tmpdir(), "squall-cluster-"));
  });
  after(async () => {
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Registers it from a folder that nobody has afterwards. */
  async function register(at: Member, word: string): Promise<void> {
    const pack = join(folder, "p");
    for (const [path, text] of Object.entries(FILES(word))) {
      await mkdir(dirname(join(pack, path)), { recursive: true });
      await writeFile(join(pack, path), text, { mode: 0o755 });
    }
    const { problems } = await at.engine.content.register(DEFAULT_PROJECT, [pack]);
    assert.deepEqual(problems, []);
    await rm(pack, { recursive: true });
  }
  const RESULT = (word: string): Readonly<Record<string, unknown>> => ({
    shell: word,
    python: word,
    node: word,
    flow: { told: word, definition: word },
  });
  async function told(at: Member, name: string, id: string): Promise<unknown> {
    const { status, result } = await ended(at, id);
    if (status !== "succeeded") return { status, result };
    return name === "flow" ? result?.output : name === "shell" ? result?.stdout : result?.result;
  }

  test("what one registers another runs, and what waited when it was updated runs as it was", async () => {
    await using engines = await severalEngines(await postgres.newDatabase());
    const codeOf = (name: string) => join(folder, `code-of-${name}`);
    const api = await engines.add({ roles: ["api"], codeFolder: codeOf("api") });
    await engines.add({ roles: ["engine"], codeFolder: codeOf("engine") });
    await register(api, "old");
    const ask = async (name: string) =>
      (await api.engine.executions.request(engines.admin, { action: `p.${name}` })).id;
    const names = ["shell", "python", "node"];
    const waiting = await Promise.all(names.map(ask));
    await register(api, "new");
    const worker = await engines.add({ roles: ["worker"], codeFolder: codeOf("worker") });
    for (const [n, name] of names.entries()) assert.equal(await told(api, name, waiting[n] ?? ""), "old", name);
    for (const name of [...names, "flow"]) {
      assert.deepEqual(await told(api, name, await ask(name)), RESULT("new")[name], name);
    }
    assert.equal((await readdir(codeOf("worker"))).length, 2);
    assert.deepEqual([...api.complaints, ...worker.complaints], []);
  });

  test("two that register the same pack at the same moment both have it", async () => {
    await using engines = await severalEngines(await postgres.newDatabase());
    const [one, two] = [
      await engines.add({ codeFolder: join(folder, "one") }),
      await engines.add({ codeFolder: join(folder, "two") }),
    ];
    await Promise.all(
      [one, two].map((at) =>
        at.engine.content.register(DEFAULT_PROJECT, [join(import.meta.dirname, "../../packs/linux")]),
      ),
    );
    const archives = [one, two].map((at) => at.engine.content.get(DEFAULT_PROJECT, "pack", "linux")?.archive);
    assert.equal(archives[0], archives[1]);
    assert.ok(await one.store.archive(archives[0] ?? ""));
  });
});
