import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { settle } from "../options.ts";

/** The Pythons that packs may run on. */
const MINORS = [9, 10, 11, 12, 13];

const { python: ownPython } = settle({});
const own = versionOf(ownPython);

test("the Python SDK's own tests pass on the Python that actions run on", () => ownTestsPass(ownPython));

for (const minor of MINORS.filter((one) => `3.${one}` !== own)) {
  test(`the Python SDK's own tests pass on Python 3.${minor}`, (t) => {
    const python = findPython(minor);
    if (python === undefined) t.skip(`there is no Python 3.${minor} on PATH or among pyenv's`);
    else ownTestsPass(python);
  });
}

function ownTestsPass(python: string): void {
  const { pythonPath } = settle({});
  const run = spawnSync(python, ["-m", "unittest", "discover", "-s", "tests", "-t", "."], {
    cwd: pythonPath,
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stderr, /Ran [1-9]\d* tests/);
}

function findPython(minor: number): string | undefined {
  const root = process.env.PYENV_ROOT ?? join(homedir(), ".pyenv");
  const versions = readdirOr(join(root, "versions")).filter((name) => name.startsWith(`3.${minor}.`));
  const candidates = [`python3.${minor}`, ...versions.map((name) => join(root, "versions", name, "bin", "python3"))];
  return candidates.find((file) => versionOf(file) === `3.${minor}`);
}

function versionOf(file: string): string | undefined {
  const asked = spawnSync(file, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], { encoding: "utf8" });
  return asked.status === 0 ? asked.stdout.trim() : undefined;
}

function readdirOr(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no pyenv here
  }
}
