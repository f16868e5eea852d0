import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import * as fc from "fast-check";
import { commandLine, findShells } from "./command-line.ts";

const shells = { full: "/bin/bash", plain: "/bin/sh" };
const shellOf = (shellText: string, environment = {}) =>
  commandLine({ shellText }, shells, { asRoot: false }, environment).file;

test("plain commands go to the plain shell, everything that a shell could read otherwise to bash", () => {
  for (const text of ["true", "ls -l /tmp", "/usr/bin/env A=b", " date +%s "])
    assert.equal(shellOf(text), "/bin/sh", text);
  for (const text of [
    "echo $HOME",
    "a | b",
    "a; b",
    "echo {1,2}",
    "[[ a ]]",
    "source x",
    "echo -e a",
    "A=b env",
    "~/x",
    "a\nb",
    "ls *",
    "",
  ])
    assert.equal(shellOf(text), "/bin/bash", text);
  assert.equal(shellOf("true", { BASH_ENV: "/x" }), "/bin/bash");
});

test("sh and bash agree about plain commands", {
  skip: findShells().full === "/bin/sh" && "no bash on this machine",
}, () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_./:,@%+=-]{1,8}$/);
  for (const words of fc.sample(fc.array(word, { maxLength: 4 }), { numRuns: 25, seed: 3 })) {
    const text = ["/usr/bin/printf", "%s,", ...words].join(" ");
    assert.equal(shellOf(text), "/bin/sh");
    const [sh, bash] = ["/bin/sh", findShells().full].map((shell) =>
      spawnSync(shell, ["-c", text], { encoding: "utf8" }),
    );
    assert.deepEqual([sh?.stdout, sh?.status], [bash?.stdout, bash?.status]);
  }
});

test("sudo takes the forms of the reference, and a password never is an argument", () => {
  const command = { shellText: "id" };
  const root = commandLine(command, shells, { asRoot: true }, {});
  assert.deepEqual([root.file, ...root.args], ["sudo", "-E", "--", "/bin/bash", "-c", "id"]);
  assert.equal(root.stdin, undefined);
  const password = commandLine(command, shells, { asRoot: true, password: "s3cret" }, {});
  assert.deepEqual([password.file, ...password.args], ["sudo", "-S", "-p", "", "-E", "--", "/bin/bash", "-c", "id"]);
  assert.equal(password.stdin, "s3cret\n");
  const user = commandLine({ file: "/x", args: ["a b"] }, shells, { asRoot: false, user: "stanley" }, {});
  assert.deepEqual([user.file, ...user.args], ["sudo", "-E", "-H", "-u", "stanley", "--", "/x", "a b"]);
});
