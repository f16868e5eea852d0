import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import type { Job } from "../port.ts";
import { createLocalShellScript } from "./runner.ts";

const packPath = mkdtempSync(join(tmpdir(), "squall-test-pack-"));
mkdirSync(join(packPath, "actions"));
after(() => rmSync(packPath, { recursive: true }));

const runner = createLocalShellScript(settle({ killGraceMs: 300, drainMs: 300 }));
const run = (entryPoint: string, parts: Partial<Job> = {}, io = aListener()) =>
  runner.run(
    aJob({ packPath, action: { ref: "examples.one", name: "one", pack: "examples", entryPoint }, ...parts }),
    io,
  );
function script(name: string, text: string, mode = 0o755): string {
  writeFileSync(join(packPath, "actions", name), text);
  chmodSync(join(packPath, "actions", name), mode);
  return name;
}

test("a script gets its arguments byte for byte, whatever a shell would make of them", async () => {
  script("args.sh", '#!/bin/sh\nfor a in "$@"; do printf "<%s>" "$a"; done\n');
  const outcome = await run("args.sh", {
    actionParameters: { message: 'it\'s $HOME `id` "q"\nnext', first: "*; rm" },
    schema: { message: { type: "string" }, first: { type: "string", position: 0 } },
  });
  assert.equal(outcome.status, "succeeded");
  assert.equal(outcome.result.stdout, '<--message=it\'s $HOME `id` "q"\nnext><*; rm>');
});

test("a script without the execute bit is made executable and runs", async () => {
  script("plain.sh", "#!/bin/sh\necho ran\n", 0o644);
  assert.equal((await run("plain.sh")).result.stdout, "ran");
  assert.equal(statSync(join(packPath, "actions", "plain.sh")).mode & 0o111, 0o111);
});

test("a script without a shebang runs in sh", async () => {
  script("bare.sh", 'echo "bare $1"\n');
  const outcome = await run("bare.sh", {
    actionParameters: { a: "x" },
    schema: { a: { type: "string", position: 0 } },
  });
  assert.equal(outcome.result.stdout, "bare x");
});

test("a script that is not there is said with its path", async () => {
  await assert.rejects(run("gone.sh"), {
    code: "runner.script-missing",
    message: /actions\/gone\.sh of action examples\.one/,
  });
});

test("a script whose interpreter is not there fails in plain words", async () => {
  script("odd.sh", "#!/no/such/interpreter\n");
  const outcome = await run("odd.sh");
  assert.equal(outcome.status, "failed");
  assert.match(String(outcome.result.error), /odd\.sh: the program or the folder does not exist/);
});

const git = (...args: string[]) =>
  execFileSync("git", ["-C", packPath, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
    stdio: "pipe",
  });
const worktrees = () => readdirSync(tmpdir()).filter((name) => name.startsWith("st2-git-worktree-"));

test("content_version in a pack that is no git repository is refused", async () => {
  script("version.sh", "#!/bin/sh\necho one\n");
  await assert.rejects(run("version.sh", { runnerParameters: { content_version: "v1" } }), {
    code: "runner.content-version.no-repository",
  });
});

test("content_version runs the script of that revision and leaves no worktree behind", async () => {
  script("version.sh", "#!/bin/sh\necho one\n");
  git("init", "-q");
  git("add", "-A");
  git("commit", "-qm", "one");
  git("tag", "v1");
  script("version.sh", "#!/bin/sh\necho two\n");
  const before = worktrees();
  assert.equal((await run("version.sh", { runnerParameters: { content_version: "v1" } })).result.stdout, "one");
  assert.equal((await run("version.sh")).result.stdout, "two");
  assert.deepEqual(worktrees(), before);
  assert.equal(
    execFileSync("git", ["-C", packPath, "worktree", "list"], { encoding: "utf8" }).trim().split("\n").length,
    1,
  );
});

test("a content_version that the pack does not have, or that is an option in disguise, is refused", async () => {
  for (const version of ["nope", "--orphan", "-b"])
    await assert.rejects(run("version.sh", { runnerParameters: { content_version: version } }), {
      code: "runner.content-version.unknown",
    });
});
