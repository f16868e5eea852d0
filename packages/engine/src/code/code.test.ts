import assert from "node:assert/strict";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import { anEngine } from "../an-engine.ts";
import { aFolder, packSaying, register, run, SAID, said, write } from "./some-code.ts";

const NAMES = Object.keys(SAID);

test("a pack runs on a machine that has never had its folder: Python, shell, Node and workflow", async (t) => {
  const here = await aFolder(t);
  await write(join(here, "p"), packSaying("hello"));
  let machine = await anEngine({ code: { folder: join(here, "code") } });
  await register(machine, join(here, "p"));
  await rm(join(here, "p"), { recursive: true });
  const there = await aFolder(t);
  machine = await machine.reopen({ code: { folder: join(there, "code") } });
  await using _ = machine;
  for (const name of NAMES) assert.equal(await run(machine, name), "hello", name);
  assert.deepEqual(machine.complaints, []);
  const [digest] = await readdir(join(there, "code"));
  assert.equal(digest, machine.engine.content.get(DEFAULT_PROJECT, "pack", "p")?.archive);
  assert.deepEqual(await readdir(here), [], "nothing was unpacked on the machine that is no more");
});

test("what was asked for before an update runs the code of then, what is asked for afterwards the new one", async (t) => {
  const here = await aFolder(t);
  await write(join(here, "p"), packSaying("old"));
  let machine = await anEngine({ code: { folder: join(here, "code") }, limits: { processSlots: 0 } });
  await register(machine, join(here, "p"));
  const ask = async (name: string) =>
    (await machine.engine.executions.request(machine.admin, { action: `p.${name}` })).id;
  const waiting = ["python", "shell", "node"];
  const old = await Promise.all(waiting.map(ask));
  await write(join(here, "p"), packSaying("new"));
  await register(machine, join(here, "p"));
  const young = await Promise.all(waiting.map(ask));
  machine = await machine.reopen({ limits: { processSlots: 2 } });
  await using _ = machine;
  for (const [n, name] of waiting.entries()) {
    assert.equal(await said(machine, name, old[n] ?? ""), "old", name);
    assert.equal(await said(machine, name, young[n] ?? ""), "new", name);
  }
});

test("the registered folder is used as long as it is here, edits in it included", async (t) => {
  const here = await aFolder(t);
  await write(join(here, "p"), packSaying("registered"));
  await using machine = await anEngine({ code: { folder: join(here, "code") } });
  await register(machine, join(here, "p"));
  assert.equal(await run(machine, "shell"), "registered");
  await writeFile(join(here, "p/actions/word.txt"), "edited");
  assert.equal(await run(machine, "shell"), "edited");
  assert.deepEqual(await readdir(here), ["p"], "no copy was made");
});

test("a folder of the same name with another content is not taken for the one that was registered", async (t) => {
  const here = await aFolder(t);
  await write(join(here, "p"), packSaying("registered"));
  let machine = await anEngine({ code: { folder: join(here, "code") } });
  await register(machine, join(here, "p"));
  await rename(join(here, "p"), join(here, "elsewhere"));
  await write(join(here, "p"), packSaying("this machine's own"));
  machine = await machine.reopen();
  await using _ = machine;
  for (const name of NAMES) assert.equal(await run(machine, name), "registered", name);
});

test("registering the same again commits nothing new, and a pack that is too large for others is not registered", async (t) => {
  const here = await aFolder(t);
  await write(join(here, "p"), packSaying("hello"));
  await using machine = await anEngine({ code: { folder: join(here, "code") } });
  await register(machine, join(here, "p"));
  const pack = () => machine.engine.content.get(DEFAULT_PROJECT, "pack", "p");
  const before = pack();
  await register(machine, join(here, "p"));
  assert.equal(pack(), before);
  await writeFile(join(here, "p/large"), Buffer.alloc(65 * 1024 * 1024));
  const { problems } = await machine.engine.content.register(DEFAULT_PROJECT, [join(here, "p")]);
  assert.match(problems[0]?.message ?? "", /at most 64\.0 MiB.*large \(65\.0 MiB\)/);
  assert.equal(pack(), before);
});

test("code that is nowhere any more fails the execution with what to do, and is found again once it is registered", async (t) => {
  const here = await aFolder(t);
  await write(join(here, "p"), packSaying("hello"));
  let machine = await anEngine({ code: { folder: join(here, "code") } });
  await register(machine, join(here, "p"));
  const archive = machine.engine.content.get(DEFAULT_PROJECT, "pack", "p")?.archive;
  await rename(join(here, "p"), join(here, "q"));
  machine = await machine.reopen({
    around: (store) => ({
      ...store,
      archive: async () => undefined,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }),
  });
  assert.match(
    String(await run(machine, "shell")),
    /failed.*is neither on this machine nor in the store.*code\.missing/,
  );
  machine = await machine.reopen({
    around: (store) => ({
      ...store,
      archive: async () => Buffer.from("something else"),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    }),
  });
  assert.match(String(await run(machine, "shell")), /failed.*is damaged.*code\.damaged/);
  assert.deepEqual((await readdir(join(here))).sort(), ["q"], "nothing of it was unpacked");
  machine = await machine.reopen({ around: (store) => store });
  await using _ = machine;
  assert.equal(await run(machine, "shell"), "hello");
  assert.ok(archive);
});
