import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions, type ServerOptions } from "./options.ts";

function read(argv: readonly string[], env: NodeJS.ProcessEnv = {}): ServerOptions {
  const options = readOptions(argv, env);
  assert.ok(!options.help);
  return options;
}

test("package indexes come from options or the environment", () => {
  assert.deepEqual(read([]).packages, {});
  assert.deepEqual(
    read(["--pip-index", "https://a.example/simple", "--pip-extra-index", "https://b.example", "--wheels", "/w"])
      .packages,
    { index: "https://a.example/simple", extraIndexes: ["https://b.example"], wheels: "/w" },
  );
  const env = {
    SQUALL_PIP_INDEX: "https://me:secret@a.example",
    SQUALL_PIP_EXTRA_INDEX: "https://b.example file:///c",
  };
  assert.deepEqual(read([], env).packages, {
    index: "https://me:secret@a.example",
    extraIndexes: ["https://b.example", "file:///c"],
  });
});

test("credentials of an index on the command line are refused, and not repeated", () => {
  for (const [flag, variable] of [
    ["--pip-index", "SQUALL_PIP_INDEX"],
    ["--pip-extra-index", "SQUALL_PIP_EXTRA_INDEX"],
  ] as const) {
    assert.throws(
      () => read([flag, "https://me:secret@a.example"]),
      (error: Error) => error.message.includes(`set ${variable}`) && !error.message.includes("secret"),
    );
  }
  assert.throws(() => read(["--pip-index", "a.example"]), /take addresses such as/);
});
