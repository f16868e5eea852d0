import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aServer, completed } from "../a-server.ts";
import { ROOT } from "../options.ts";

/** A wheel with one module that says its version. */
const WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "version = '1.0'")
    wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
`;
const ACTION = `from st2common.runners.base_action import Action
import tiny


class Tell(Action):
    def run(self):
        return tiny.version
`;
const ABOUT = "description: Tells\nversion: 1.0.0\nauthor: me\nemail: me@example.com\n";

test("packs with requirements get their virtualenv by packs.setup_virtualenv or on first use, and show it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-packs-"));
  const wheels = join(folder, "wheels");
  mkdirSync(wheels);
  execFileSync("python3", ["-c", WHEEL, wheels]);
  for (const [pack, requirement] of [
    ["one", "tiny"],
    ["two", "tiny"],
    ["bad", "nosuchpackage"],
  ] as const) {
    mkdirSync(join(folder, pack, "actions"), { recursive: true });
    writeFileSync(join(folder, pack, "pack.yaml"), `name: ${pack}\n${ABOUT}`);
    writeFileSync(join(folder, pack, "requirements.txt"), `${requirement}\n`);
    writeFileSync(
      join(folder, pack, "actions", "tell.yaml"),
      "name: tell\nrunner_type: python-script\nentry_point: tell.py\n",
    );
    writeFileSync(join(folder, pack, "actions", "tell.py"), ACTION);
  }
  await using at = await aServer({ packages: { wheels }, packRoots: [join(ROOT, "packs"), folder] });
  // `later` lies in a folder of packs and is not registered, as a pack that is being installed.
  cpSync(join(folder, "one"), join(folder, "later"), { recursive: true });
  const paths = ["one", "two", "bad"].map((pack) => join(folder, pack));
  assert.equal((await at.admin("POST", "/v1/packs/register", { types: ["all"], paths })).status, 200);
  const run = async (action: string, parameters: object = {}) => {
    const { status, text, json } = await at.admin("POST", "/v1/executions", { action, parameters });
    assert.equal(status, 201, text);
    return completed(at.admin, json.id);
  };

  const made = await run("packs.setup_virtualenv", { packs: ["one", "core", "later"], env: { no_proxy: "*" } });
  assert.equal(made.status, "succeeded", JSON.stringify(made.result));
  assert.equal(made.result.result, "Successfully set up virtualenv for the following packs: one, core, later");
  const link = join(at.directory, "virtualenvs", "one");
  const { one, core, later } = made.result.virtualenvs;
  assert.deepEqual(
    [one.status, one.path, core, later.status],
    ["ready", realpathSync(link), { status: "not-needed" }, "ready"],
  );
  assert.match(one.python, /^3\.\d+/);
  const output = await at.admin("GET", `/v1/executions/${made.id}/output?output_type=output`);
  assert.match(output.text, /Successfully installed tiny-1\.0[^]*pack "core" requires no packages/);
  assert.equal((await run("one.tell")).result.result, "1.0");

  // Nobody has made this one's: the first action that needs it does.
  const first = await run("two.tell");
  assert.deepEqual([first.result.result, first.result.stderr, first.result.stdout], ["1.0", "", ""]);

  const failed = await run("packs.setup_virtualenv", { packs: ["bad", "nosuchpack", "two"] });
  assert.equal(failed.status, "failed");
  assert.match(
    failed.result.error,
    /No matching distribution found for nosuchpackage[^]*pack "nosuchpack": .*register it first/,
  );
  assert.deepEqual(Object.keys(failed.result.virtualenvs), ["two"]);
  const refused = await run("bad.tell");
  assert.equal(refused.status, "failed");
  assert.match(refused.result.error, /No matching distribution found for nosuchpackage/);
  rmSync(folder, { recursive: true });
});
