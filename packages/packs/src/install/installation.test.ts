import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createInstallation } from "./installation.ts";

async function anInstallation(t: TestContext) {
  const base = await mkdtemp(join(tmpdir(), "squall-installation-"));
  t.after(() => rm(base, { recursive: true, force: true }));
  const packs = join(base, "packs");
  await mkdir(packs);
  const installation = createInstallation(packs);
  const staged = async (text: string) => {
    const stage = await installation.stage();
    await writeFile(join(stage.folder, "pack.yaml"), text);
    return stage;
  };
  return { base, packs, incoming: `${packs}.incoming`, installation, staged };
}

test("a pack is placed, replaced and removed, and no stage stays", async (t) => {
  const { packs, incoming, installation, staged } = await anInstallation(t);
  {
    await using one = await staged("1");
    assert.deepEqual(await installation.place(one.folder, "p"), { replaced: false });
    await using two = await staged("2");
    assert.deepEqual(await installation.place(two.folder, "p"), { replaced: true });
    await using unused = await staged("3");
    assert.ok(existsSync(unused.folder));
    await installation.settle("p");
  }
  assert.equal(await readFile(join(packs, "p/pack.yaml"), "utf8"), "2");
  assert.deepEqual(await readdir(incoming), []);
  assert.deepEqual([await installation.remove("p"), await installation.remove("p")], [true, false]);
  assert.deepEqual([await readdir(packs), await readdir(incoming)], [[], []]);
});

test("when the new folder cannot take its place the old one is back", async (t) => {
  const { packs, installation, staged } = await anInstallation(t);
  await using one = await staged("1");
  await installation.place(one.folder, "p");
  await assert.rejects(installation.place(join(packs, "..", "nothing"), "p"), { code: "pack.install.disk" });
  assert.equal(await readFile(join(packs, "p/pack.yaml"), "utf8"), "1");
});

test("a process that died at any point of a change leaves the old pack or the new one, and nothing else after recovery", async (t) => {
  const { packs, incoming, installation, staged } = await anInstallation(t);
  await using one = await staged("1");
  await installation.place(one.folder, "p");
  // Died between the two renames: the old one is set aside, the new one still in its stage.
  await staged("2");
  await rename(join(packs, "p"), join(incoming, "p.previous"));
  await installation.recover();
  assert.equal(await readFile(join(packs, "p/pack.yaml"), "utf8"), "1");
  assert.deepEqual(await readdir(incoming), []);
  // Died after them: the old one only has to go.
  await mkdir(join(incoming, "p.previous"), { recursive: true });
  await writeFile(join(incoming, "p.previous/pack.yaml"), "0");
  await installation.recover();
  assert.equal(await readFile(join(packs, "p/pack.yaml"), "utf8"), "1");
  assert.deepEqual(await readdir(incoming), []);
});

test("what was replaced can be put back until it is settled, through any number of tries", async (t) => {
  const { packs, incoming, installation, staged } = await anInstallation(t);
  const text = () => readFile(join(packs, "p/pack.yaml"), "utf8");
  await using one = await staged("1");
  await installation.place(one.folder, "p");
  assert.equal(await installation.undo("p"), false, "there was none before");
  for (const next of ["2", "3"]) {
    await using stage = await staged(next);
    await installation.place(stage.folder, "p");
  }
  assert.equal(await text(), "3");
  assert.equal(await installation.undo("p"), true);
  assert.deepEqual([await text(), await installation.undo("p")], ["1", false]);
  await using four = await staged("4");
  await installation.place(four.folder, "p");
  await installation.settle("p");
  assert.deepEqual([await installation.undo("p"), await text()], [false, "4"]);
  await one[Symbol.asyncDispose]();
  await four[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(incoming), []);
});

test("changes that come at once follow one another", async (t) => {
  const { packs, installation, staged } = await anInstallation(t);
  const stages = await Promise.all(["1", "2", "3", "4"].map(staged));
  const placed = await Promise.all(stages.map((stage) => installation.place(stage.folder, "p")));
  assert.deepEqual(
    placed.map(({ replaced }) => replaced),
    [false, true, true, true],
  );
  assert.equal(await readFile(join(packs, "p/pack.yaml"), "utf8"), "4");
});

test("removing a link removes the link and not the folder it leads to", async (t) => {
  const { base, packs, installation } = await anInstallation(t);
  await mkdir(join(base, "elsewhere"));
  await writeFile(join(base, "elsewhere/pack.yaml"), "mine");
  await symlink(join(base, "elsewhere"), join(packs, "p"));
  assert.equal(await installation.remove("p"), true);
  assert.ok(existsSync(join(base, "elsewhere/pack.yaml")) && !existsSync(join(packs, "p")));
});

test("a disk that refuses is an error that says where", {
  skip: process.getuid?.() === 0 && "root may write anywhere",
}, async (t) => {
  const { base, packs, installation } = await anInstallation(t);
  await chmod(base, 0o500);
  t.after(() => chmod(base, 0o700));
  await assert.rejects(installation.stage(), { code: "pack.install.disk", message: new RegExp(packs) });
});
