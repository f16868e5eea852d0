import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestPack } from "./digest.ts";
import { readPack } from "./read-pack.ts";

const PACK =
  "name: Full Pack\ndescription: Everything.\nversion: 1.2.3\nauthor: Ada\nemail: ada@example.com\nicon: x.png\n";

const FULL = {
  "packs/full/pack.yaml": PACK,
  "packs/full/actions/b.yaml":
    "name: b\nrunner_type: local_shell_script\nentry_point: b.sh\nenabled: off\nparameters:\n  n: {type: integer, default: 0777, position: 0}\n",
  "packs/full/actions/b.sh": "#!/bin/sh\n",
  "packs/full/actions/a.yml": "name: a\nrunner_type: noop\ndescription: null\n",
  "packs/full/actions/config.yaml": "not: an action\n",
  "packs/full/actions/workflows/deep.yaml": "version: 1.0\n",
  "packs/full/actions/notes.txt": "",
  "packs/full/actions/b.pyc": "",
  "packs/full/.git/HEAD": "",
  "packs/full/rules/r.yaml":
    "name: r\npack: full\ntrigger: {type: core.st2.IntervalTimer, parameters: {unit: seconds, delta: 5}}\naction: {ref: core.noop}\n",
  "packs/full/triggers/t.yaml": "name: t.dotted\npayload_schema: {type: object}\n",
  "packs/full/sensors/s.yaml":
    "class_name: MySensor\nentry_point: lib/my_sensor.py\npoll_interval: 5\ntrigger_types:\n  - name: seen\n    payload_schema: {}\n",
  "packs/full/sensors/lib/my_sensor.py": "",
  "packs/full/policies/p.yaml":
    "name: p\nresource_ref: full.a\npolicy_type: action.concurrency\nparameters: {threshold: 3}\n",
  "packs/full/aliases/x.yaml":
    "name: x\naction_ref: full.a\nformats:\n  - do {{ it }}\n  - {display: d, representation: [r]}\n",
  "packs/full/config.schema.yaml":
    "url: {type: string, required: true}\nlimits:\n  type: object\n  properties:\n    rate: {type: integer, default: 5}\n",
  "configs/full.yaml": "url: http://x\n",
};

test("a pack with everything in it is read whole, defaults and computed fields filled in", async () => {
  await using base = await folderOf(FULL);
  const content = await readPack(join(base.path, "packs/full"));
  assert.deepEqual(content.problems, []);
  const { pack } = content;
  assert.equal(pack?.resource.ref, "full");
  assert.equal(pack?.resource.uid, "pack:full");
  assert.equal(pack?.resource.icon, "x.png");
  assert.equal(pack?.resource.path, join(base.path, "packs/full"));
  assert.deepEqual(pack?.resource.keywords, []);
  assert.deepEqual(
    content.actions.map(({ resource, at }) => ({ resource, at })),
    [
      {
        resource: {
          name: "a",
          pack: "full",
          ref: "full.a",
          uid: "action:full:a",
          metadata_file: "actions/a.yml",
          enabled: true,
          runner_type: "noop",
          entry_point: "",
          parameters: {},
        },
        at: { file: "actions/a.yml", line: 1, column: 1 },
      },
      {
        resource: {
          name: "b",
          pack: "full",
          ref: "full.b",
          uid: "action:full:b",
          metadata_file: "actions/b.yaml",
          enabled: false,
          runner_type: "local-shell-script",
          entry_point: "b.sh",
          parameters: { n: { type: "integer", default: 511, position: 0 } },
        },
        at: { file: "actions/b.yaml", line: 1, column: 1 },
      },
    ],
  );
  assert.deepEqual(content.rules[0]?.locate(["trigger", "parameters", "delta"]), {
    file: "rules/r.yaml",
    line: 3,
    column: 69,
    field: "trigger.parameters.delta",
  });
  assert.deepEqual(content.rules[0]?.resource, {
    name: "r",
    pack: "full",
    ref: "full.r",
    uid: "rule:full:r",
    metadata_file: "rules/r.yaml",
    enabled: false,
    type: { ref: "standard", parameters: {} },
    trigger: {
      type: "core.st2.IntervalTimer",
      parameters: { unit: "seconds", delta: 5 },
      ref: "core.st2.IntervalTimer",
    },
    criteria: {},
    action: { ref: "core.noop", parameters: {} },
  });
  assert.deepEqual(
    content.triggerTypes.map((one) => [one.resource.ref, one.resource.metadata_file, one.at.line]),
    [
      ["full.t.dotted", "triggers/t.yaml", 1],
      ["full.seen", "sensors/s.yaml", 5],
    ],
  );
  assert.deepEqual(content.sensors[0]?.resource, {
    name: "MySensor",
    pack: "full",
    ref: "full.MySensor",
    uid: "sensor_type:full:MySensor",
    metadata_file: "sensors/s.yaml",
    enabled: true,
    artifact_uri: `file://${join(base.path, "packs/full")}/sensors/lib/my_sensor.py`,
    entry_point: "lib.my_sensor.MySensor",
    trigger_types: ["full.seen"],
    poll_interval: 5,
  });
  assert.deepEqual(content.policies[0]?.resource.parameters, { action: "delay", threshold: 3 });
  assert.deepEqual(content.aliases[0]?.resource.formats, ["do {{ it }}", { display: "d", representation: ["r"] }]);
  assert.deepEqual(Object.keys(content.configSchema?.resource.attributes ?? {}), ["url", "limits"]);
  assert.deepEqual(content.config?.resource, { pack: "full", values: { url: "http://x" } });
});

test("what stands in a file's place and is none is named, not read for ever", async () => {
  await using base = await folderOf({
    "packs/odd/pack.yaml": PACK,
    "packs/odd/actions/a.yaml": "name: a\nrunner_type: noop\n",
  });
  const folder = join(base.path, "packs/odd");
  execFileSync("mkfifo", [join(folder, "actions/pipe.yaml")]);
  const { actions, problems } = await readPack(folder);
  assert.deepEqual([actions.length, problems.length], [1, 1]);
  assert.match(problems[0]?.message ?? "", /this is no file/);
  assert.match(problems[0]?.at.file ?? "", /actions\/pipe\.yaml$/);
});

test("compiled Python and git's own files are no content", async () => {
  await using base = await folderOf(FULL);
  const { files } = await digestPack(join(base.path, "packs/full"));
  assert.ok(!files.some((file) => file.includes(".git") || file.endsWith(".pyc")), files.join("\n"));
  assert.ok(files.includes("actions/workflows/deep.yaml"));
  assert.deepEqual(files, [...files].sort());
});

test("the digest changes with content, name and executable bit, and with nothing else", async () => {
  await using one = await folderOf(FULL);
  await using other = await folderOf(FULL);
  const digest = async (base: { path: string }) => (await digestPack(join(base.path, "packs/full"))).digest;
  const before = await digest(one);
  assert.equal(await digest(other), before);
  await writeFile(join(other.path, "packs/full/actions/b.pyc"), "other");
  assert.equal(await digest(other), before);
  await chmod(join(other.path, "packs/full/actions/b.sh"), 0o755);
  const executable = await digest(other);
  assert.notEqual(executable, before);
  await writeFile(join(other.path, "packs/full/actions/b.sh"), "#!/bin/bash\n");
  assert.notEqual(await digest(other), executable);
});

test("a configuration that breaks its schema is left out, with StackStorm's words", async () => {
  await using base = await folderOf({ ...FULL, "configs/full.yaml": "url: http://x\nlimits:\n  rate: many\n" });
  const content = await readPack(join(base.path, "packs/full"));
  assert.equal(content.config, undefined);
  assert.equal(content.problems.length, 1);
  const file = join(base.path, "configs/full.yaml");
  assert.deepEqual(content.problems[0], {
    severity: "error",
    message: `Failed validating attribute "limits.rate" in config for pack "full" (${file}): 'many' is not of type 'integer', 'null'`,
    at: { file, line: 3, column: 3, field: "limits.rate" },
  });
});

test("overrides switch content on and off: general default, pack's default, exception", async () => {
  await using base = await folderOf({
    ...FULL,
    "overrides/_global.yaml": "actions: {defaults: {enabled: false}}\nrules: {defaults: {enabled: true}}\n",
    "overrides/full.yaml":
      "actions:\n  exceptions:\n    a: {enabled: true}\n    bb: {enabled: true}\nsensors:\n  defaults: {enabled: true}\n  exceptions: {MySensor: {enabled: false}}\n",
  });
  const content = await readPack(join(base.path, "packs/full"));
  const enabled = (all: readonly { resource: { name: string; enabled: boolean } }[]) =>
    all.map(({ resource }) => `${resource.name} ${resource.enabled}`);
  assert.deepEqual(enabled(content.actions), ["a true", "b false"]);
  assert.deepEqual(enabled(content.rules), ["r true"]);
  assert.deepEqual(enabled(content.sensors), ["MySensor false"]);
  assert.deepEqual(content.overridden, { rules: 1, sensors: 1 });
  assert.deepEqual(
    content.problems.map(({ severity, message, at }) => [severity, message, at.line]),
    [["warning", "the pack has no 'bb' among its actions; did you mean 'b'?", 4]],
  );
});

test("an override of anything but enabled is refused", async () => {
  await using base = await folderOf({
    ...FULL,
    "overrides/full.yaml": "actions:\n  exceptions:\n    a: {enabled: true, description: x}\n",
  });
  const content = await readPack(join(base.path, "packs/full"));
  assert.deepEqual(content.overridden, {});
  assert.match(content.problems[0]?.message ?? "", /'description' was unexpected/);
  assert.equal(content.problems[0]?.at.line, 3);
});

test("the ref is the manifest's, else the folder's name, else the pack's name", async () => {
  for (const [folder, manifest, ref] of [
    ["folder_name", `ref: own\n${PACK}`, "own"],
    ["folder_name", PACK, "folder_name"],
    ["Folder-Name", PACK.replace("Full Pack", "full_pack"), "full_pack"],
    ["Folder-Name", PACK, undefined],
  ] as const) {
    await using base = await folderOf({ [`${folder}/pack.yaml`]: manifest });
    const content = await readPack(join(base.path, folder));
    assert.equal(content.pack?.resource.ref, ref);
    if (ref === undefined) assert.match(content.problems[0]?.message ?? "", /add 'ref'/);
  }
});

async function folderOf(files: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), "squall-packs-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
