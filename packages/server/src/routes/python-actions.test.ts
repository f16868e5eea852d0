import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aServer } from "../a-server.ts";

const ACTION = `import os
from st2common.runners.base_action import Action

IMPORTED = os.getpid()


class Remember(Action):
    def run(self, name, secret):
        before = self.action_service.get_value(name)
        self.action_service.set_value(name, secret, encrypt=True)
        return [before is not None, self.action_service.get_value(name, decrypt=True) == secret, IMPORTED == os.getpid(), IMPORTED]
`;

const linux = process.platform === "linux";

test("each run of a Python action is a fork with its own token, unless the pack says otherwise", async (t) => {
  const packs = mkdtempSync(join(tmpdir(), "squall-python-pack-"));
  t.after(() => rmSync(packs, { recursive: true }));
  for (const [ref, line] of Object.entries({ warm: "", cold: "python_fork: false\n" })) {
    const pack = join(packs, ref);
    mkdirSync(join(pack, "actions"), { recursive: true });
    const head = `ref: ${ref}\nname: ${ref}\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.org\n${line}`;
    writeFileSync(join(pack, "pack.yaml"), head);
    writeFileSync(
      join(pack, "actions", "remember.yaml"),
      "name: remember\nrunner_type: python-script\nentry_point: remember.py\nparameters:\n  name: {type: string, required: true}\n" +
        "  secret: {type: string, secret: true, required: true}\n",
    );
    writeFileSync(join(pack, "actions", "remember.py"), ACTION);
  }
  await using server = await aServer();
  const run = async (action: string) => {
    const asked = await server.admin("POST", "/v1/executions", { action, parameters: { name: "n", secret: "s3cret" } });
    assert.equal(asked.status, 201, asked.text);
    const { result } = await server.server.engine.executions.settled("default", asked.json.id);
    assert.equal(typeof result?.result, "object", JSON.stringify(result));
    return result?.result as [boolean, boolean, boolean, number];
  };
  for (const ref of ["warm", "cold"]) {
    const registered = await server.admin("POST", "/v1/packs/register", { path: join(packs, ref) });
    assert.equal(registered.status, 200, registered.text);
    const [first, second] = [await run(`${ref}.remember`), await run(`${ref}.remember`)];
    const forks = linux && ref === "warm";
    assert.deepEqual(first.slice(0, 3), [false, true, !forks]);
    assert.deepEqual(second.slice(0, 3), [true, true, !forks]);
    assert.equal(first[3] === second[3], forks);
  }
});

test("an action that asks for more memory than the operator allows is told so by its language", {
  skip: !linux && "address space is limited on Linux",
}, async (t) => {
  const pack = mkdtempSync(join(tmpdir(), "squall-greedy-pack-"));
  t.after(() => rmSync(pack, { recursive: true }));
  mkdirSync(join(pack, "actions"));
  writeFileSync(
    join(pack, "pack.yaml"),
    "ref: greedy\nname: greedy\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.org\n",
  );
  writeFileSync(join(pack, "actions", "eat.yaml"), "name: eat\nrunner_type: python-script\nentry_point: eat.py\n");
  writeFileSync(
    join(pack, "actions", "eat.py"),
    "from st2common.runners.base_action import Action\n\n\nclass Eat(Action):\n    def run(self):\n        return len(bytearray(2 << 30))\n",
  );
  await using server = await aServer({ actionMemoryBytes: 512 << 20 });
  await server.admin("POST", "/v1/packs/register", { path: pack });
  const end = async (action: string, parameters = {}) => {
    const asked = await server.admin("POST", "/v1/executions", { action, parameters });
    return server.server.engine.executions.settled("default", asked.json.id);
  };
  const greedy = await end("greedy.eat");
  assert.equal(greedy.status, "failed");
  assert.match(String(greedy.result?.stderr), /MemoryError/);
  const shell = await end("core.local", { cmd: "ulimit -v" });
  assert.equal(shell.result?.stdout, (512 << 20) / 1024);
});
