import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { emptyHome, environmentOf, MAIN, runSquall } from "../testing/run-squall.ts";
import { LOCAL, sendJson, type StandIn, startStandIn } from "../testing/stand-in.ts";

interface Shell {
  /** What tab would offer at the end of these words, sorted. */
  complete(...words: string[]): Promise<string[]>;
}

/** A directory with a `squall` in it, and an environment that finds it. */
function installed(standIn: StandIn): { home: string; env: Record<string, string> } {
  const home = emptyHome();
  mkdirSync(join(home, "bin"));
  const program = join(home, "bin", "squall");
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(program, 0o755);
  // A busy machine is no reason for an answer to be missing here.
  const env = environmentOf(home, { url: standIn.url, env: { SQUALL_COMPLETION_TIMEOUT: "20000" } });
  return { home, env: { ...env, PATH: `${join(home, "bin")}:${env.PATH}` } };
}

/** Bash itself, with the script loaded as ~/.bashrc would; the words are set as its line editor sets them. */
async function bash(standIn: StandIn): Promise<Shell> {
  const { home, env } = installed(standIn);
  const { stdout: script } = await runSquall(home, ["completion", "bash"]);
  writeFileSync(join(home, "completion.bash"), script);
  writeFileSync(
    join(home, "ask.bash"),
    'source ~/completion.bash\ncomplete -p squall >/dev/null\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n_squall squall "${COMP_WORDS[COMP_CWORD]}"\nprintf "%s\\n" "${COMPREPLY[@]}"\n',
  );
  return {
    async complete(...words) {
      const args = ["--norc", "ask.bash", "squall", ...words];
      const { stdout, stderr } = await promisify(execFile)("bash", args, { cwd: home, env });
      assert.equal(stderr, "");
      return stdout
        .split("\n")
        .filter((line) => line !== "")
        .sort();
    },
  };
}

function withContent(standIn: StandIn): void {
  standIn.on("GET /actions", [{ ref: "core.local" }, { ref: "core.http" }, { ref: "evil.$(touch pwned)" }]);
  standIn.on("GET /rules", [{ ref: "examples.on_alert" }]);
  standIn.on("GET /executions", [{ id: "5f00000000000000000000e1" }]);
  standIn.on("GET /packs", [{ ref: "core" }, { ref: "examples" }]);
  standIn.on("GET /actions/views/overview/core.local", LOCAL);
}

test("bash completes commands, subcommands and options from the tree", async (t) => {
  const standIn = await startStandIn(t);
  const { complete } = await bash(standIn);
  assert.deepEqual(await complete("ru"), ["rule", "rule-enforcement", "run", "runner"]);
  assert.deepEqual(await complete("execution", ""), ["cancel", "get", "list", "pause", "re-run", "resume", "tail"]);
  assert.deepEqual(await complete("execution", "list", "--s"), ["--showall", "--sort", "--status"]);
  assert.deepEqual(await complete("--url", "http://x", "pack", "reg"), ["register"]);
  assert.deepEqual(await complete("login", "-"), [
    "--api-key",
    "--help",
    "--json",
    "--no-color",
    "--password",
    "--password-stdin",
    "--timezone",
    "--token",
    "--ttl",
    "--url",
    "--version",
    "--yaml",
    "-j",
    "-l",
    "-p",
    "-t",
    "-y",
  ]);
  assert.equal(standIn.seen.length, 0, "none of it asks the server");
});

test("bash completes refs, ids, pack names and parameters from the server", async (t) => {
  const standIn = await startStandIn(t);
  withContent(standIn);
  const { complete } = await bash(standIn);
  assert.deepEqual(await complete("run", "core."), ["core.http", "core.local"]);
  assert.deepEqual(await complete("run", ""), ["core.http", "core.local"], "nothing that a shell would run is offered");
  assert.deepEqual(await complete("run", "core.local", "s"), ["sudo=", "sudo_password="]);
  assert.deepEqual(await complete("run", "--delay", "5", "core.local", "ti"), ["timeout="]);
  assert.deepEqual(await complete("execution", "tail", ""), ["5f00000000000000000000e1"]);
  assert.deepEqual(await complete("execution", "list", "--action", "core.l"), ["core.local"]);
  assert.deepEqual(await complete("rule", "test", "ex"), ["examples.on_alert"]);
  assert.deepEqual(await complete("pack", "remove", "core", "e"), ["examples"]);
});

test("bash completes files where a file is wanted", async (t) => {
  const standIn = await startStandIn(t);
  const { complete } = await bash(standIn);
  assert.deepEqual(await complete("rule", "create", "ask"), ["ask.bash"]);
  assert.deepEqual(await complete("pack", "register", "b"), ["bin"]);
  assert.deepEqual(await complete("run", "core.local", "cmd", "=", "ask"), ["ask.bash"]);
});

test("a server that is away, refuses or is slow is silence, and what it said before is kept", async (t) => {
  const standIn = await startStandIn(t);
  const home = emptyHome();
  const ask = (kind: string) =>
    runSquall(home, ["__complete", kind, ""], {
      url: standIn.url,
      env: { SQUALL_COMPLETION_TIMEOUT: kind === "rule-ref" ? "50" : "20000" },
    });
  const silence = { status: 0, stdout: "", stderr: "" };
  standIn.on("GET /actions", (response) => sendJson(response, 401, { faultstring: "no" }));
  assert.deepEqual(await ask("action-ref"), silence);
  standIn.on("GET /rules", () => undefined); // never answers
  assert.deepEqual(await ask("rule-ref"), silence);
  assert.deepEqual(await ask("nonsense"), silence);
  withContent(standIn);
  assert.equal((await ask("pack")).stdout, "core\nexamples\n");
  standIn.on("GET /packs", []);
  assert.equal((await ask("pack")).stdout, "core\nexamples\n");
  assert.equal(standIn.got("GET /packs").length, 1);
});

const zsh = spawnSync("zsh", ["--version"]).status === 0;

test("the zsh script is one that zsh takes", { skip: zsh ? false : "there is no zsh here" }, async (t) => {
  const standIn = await startStandIn(t);
  withContent(standIn);
  const { home, env } = installed(standIn);
  const { stdout: script } = await runSquall(home, ["completion", "zsh"]);
  writeFileSync(join(home, "_squall"), script);
  // compadd is zsh's own; a function in its place tells what would be offered.
  const ask = `compdef() { :; }; source ~/_squall; compadd() { print -l -- "\${@[2,-1]}"; }; words=("$@"); CURRENT=$#; _squall`;
  const complete = async (...words: string[]): Promise<string[]> => {
    const { stdout, stderr } = await promisify(execFile)("zsh", ["-fc", ask, "zsh", "squall", ...words], {
      cwd: home,
      env,
    });
    assert.equal(stderr, "");
    return stdout.split("\n").filter((line) => line !== "");
  };
  assert.deepEqual(await complete("execution", ""), ["list", "get", "tail", "cancel", "re-run"]);
  assert.deepEqual(await complete("run", ""), ["core.local", "core.http"]);
});
