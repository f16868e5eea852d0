import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { emptyHome, runSquall } from "../testing/run-squall.ts";

const TICKETS = fileURLToPath(new URL("../../../../python/tests/packs/tickets", import.meta.url));

/** A wheel of a package with one module, as the package index would have it. */
const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/greetings-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("greetings.py", "TEXT = 'hello from the wheel'\\n")
    info = "greetings-1.0.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: greetings\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "greetings.py,,\\n" + info + "METADATA,,\\n" + info + "WHEEL,,\\n" + info + "RECORD,,\\n")
`;

test("pack test runs the tests of a pack that was written for StackStorm", async () => {
  const home = emptyHome();
  const passed = await runSquall(home, ["pack", "test", TICKETS, "--no-virtualenv"]);
  assert.equal(passed.status, 0, passed.stderr);
  assert.match(passed.stderr, /Ran 8 tests/);
  const one = await runSquall(home, ["pack", "test", TICKETS, "test_sensor", "--no-virtualenv", "--verbose"]);
  assert.equal(one.status, 0, one.stderr);
  assert.match(one.stderr, /test_only_new_ones_are_dispatched .*ok\n/);
});

test("pack test ends with 1 when tests fail, and with 2 when there are none", async () => {
  const home = emptyHome();
  const pack = join(home, "tickets");
  cpSync(TICKETS, pack, { recursive: true });
  writeFileSync(join(pack, "actions", "legacy.py"), "raise ValueError('broken')\n");
  const failed = await runSquall(home, ["pack", "test", "tickets", "--no-virtualenv"]);
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /cannot import tests\/test_action_legacy\.py[^]*ValueError: broken/);
  rmSync(join(pack, "tests"), { recursive: true });
  const none = await runSquall(home, ["pack", "test", "tickets"]);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /pack tickets has no tests: put files test_\*\.py into .*tickets\/tests/);
});

test("pack test says what is missing: a folder, a Python", async () => {
  const home = emptyHome();
  const folder = await runSquall(home, ["pack", "test", "nothing"]);
  assert.deepEqual([folder.status, folder.stderr], [1, "squall: there is no folder nothing\n"]);
  const python = await runSquall(home, ["pack", "test", TICKETS, "--python", "no-such-python"]);
  assert.equal(python.status, 1);
  assert.match(python.stderr, /there is no Python called no-such-python\n +install Python 3\.9 or newer, or name one/);
});

test("pack test installs what the pack requires once, and shows pip's own last lines when that fails", async () => {
  const home = emptyHome();
  const pack = join(home, "greeter");
  mkdirSync(join(pack, "tests"), { recursive: true });
  writeFileSync(join(pack, "pack.yaml"), "ref: greeter\nname: greeter\n");
  writeFileSync(join(pack, "requirements-tests.txt"), "./vendor/greetings-1.0-py3-none-any.whl\n");
  writeFileSync(
    join(pack, "tests", "test_greetings.py"),
    "import greetings, unittest\nclass T(unittest.TestCase):\n    def test_it(self): print(greetings.TEXT)\n",
  );
  const wheels = join(pack, "vendor");
  mkdirSync(wheels);
  assert.equal(spawnSync("python3", ["-c", MAKE_WHEEL, wheels]).status, 0);
  // Neither pip's configuration of this machine nor a package index takes part.
  const env = { PIP_NO_INDEX: "1", PIP_CONFIG_FILE: "/dev/null" };
  const first = await runSquall(home, ["pack", "test", pack], { env });
  assert.equal(first.status, 0, first.stderr);
  assert.equal(first.stdout, "hello from the wheel\n");
  assert.match(first.stderr, /making a virtualenv for the tests of greeter[^]*Successfully installed greetings-1\.0/);
  const again = await runSquall(home, ["pack", "test", pack], { env });
  assert.equal(again.status, 0, again.stderr);
  assert.doesNotMatch(again.stderr, /making|installed/);

  writeFileSync(join(pack, "requirements.txt"), "no-such-package-anywhere==7\n");
  const refused = await runSquall(home, ["pack", "test", pack], { env });
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /No matching distribution found for no-such-package-anywhere==7[^]*check the names/);
  const kept = readdirSync(join(home, ".cache", "squall", "pack-tests")).filter((name) => !name.endsWith(".lock"));
  assert.equal(kept.length, 1, "a virtualenv that could not be made is left behind");
});
