import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { SquallError } from "@squall/model";
import { digestPack } from "../digest.ts";
import { archivePack, digestOfArchive } from "./archive-pack.ts";
import { unpackArchive } from "./unpack.ts";
import { TAR_END, type TarEntry, tarEntry } from "./write-tar.ts";

async function aFolder(t: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "squall-archive-")));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function aPack(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await aFolder(t);
  for (const [path, text] of Object.entries({ "pack.yaml": "name: p\n", ...files })) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function everything(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
    .sort();
}

function tarOf(...entries: TarEntry[]): Uint8Array {
  return zstdCompressSync(Buffer.concat([...entries.flatMap((one) => [...tarEntry(one)]), TAR_END]));
}

const PACK: TarEntry = { path: "pack.yaml", kind: "file", executable: false, content: Buffer.from("name: p\n") };

test("a pack comes out of its archive as it went in: contents, executable bits, links, long and foreign names", async (t) => {
  const long = `actions/${"folder/".repeat(20)}${"n".repeat(120)}.py`;
  const pack = await aPack(t, { "actions/run.sh": "#!/bin/sh\n", "lib/ünïcode 🦑.txt": "x", [long]: "y", empty: "" });
  await chmod(join(pack, "actions/run.sh"), 0o750);
  await symlink("run.sh", join(pack, "actions/again.sh"));
  await symlink("../lib", join(pack, "actions/lib"));
  await symlink(join(pack, "pack.yaml"), join(pack, "absolute"));
  const archive = await archivePack(pack);
  assert.equal(digestOfArchive(archive.bytes), archive.digest);
  const into = await aFolder(t);
  const { root, leftOut } = await unpackArchive(archive.bytes, into);
  assert.equal(root, into);
  assert.deepEqual(leftOut, []);
  assert.deepEqual(await everything(into), await everything(pack));
  assert.equal((await digestPack(into)).digest, (await digestPack(pack)).digest);
  assert.equal(await readlink(join(into, "actions/lib")), "../lib");
  assert.equal(await readlink(join(into, "absolute")), "pack.yaml");
  assert.equal((await stat(join(into, "actions/run.sh"))).mode & 0o777, 0o755);
});

test("equal content gives the same digest, whatever the folder, the times and the order of making; other content another", async (t) => {
  const one = await aPack(t, { a: "1", "b/c": "2" });
  const two = await aPack(t, { "b/c": "2", a: "1" });
  await utimes(join(two, "a"), 1, 1);
  await chmod(join(two, "a"), 0o600);
  const { digest } = await archivePack(one);
  assert.equal((await archivePack(two)).digest, digest);
  await chmod(join(two, "a"), 0o700);
  assert.notEqual((await archivePack(two)).digest, digest);
});

test("git's files, compiled Python, virtualenvs and links that lead out are left out", async (t) => {
  const pack = await aPack(t, {
    ".git/config": "x",
    "actions/__pycache__/a.pyc": "x",
    "env/pyvenv.cfg": "x",
    "env/lib/module.py": "x",
    "kept/module.py": "x",
  });
  await symlink("/etc/passwd", join(pack, "out"));
  await symlink("nowhere", join(pack, "dead"));
  await symlink(".git/config", join(pack, "git"));
  const into = await aFolder(t);
  await unpackArchive((await archivePack(pack)).bytes, into);
  assert.deepEqual(await everything(into), ["kept/module.py", "pack.yaml"]);
});

test("a pack that is too large is refused with the names of its largest files", async (t) => {
  const pack = await aPack(t, { "big.bin": "x".repeat(3000), "small.txt": "x" });
  await assert.rejects(archivePack(pack, 2048), (thrown) => {
    assert.ok(thrown instanceof SquallError);
    assert.equal(thrown.code, "pack.archive.large");
    assert.match(thrown.message, /at most 2 KiB.*big\.bin \(3 KiB\)/s);
    return true;
  });
});

test("tar itself reads what was written", async (t) => {
  const long = `lib/${"long/".repeat(25)}file.txt`;
  const pack = await aPack(t, { [long]: "long", ü: "u" });
  const { bytes } = await archivePack(pack);
  const script =
    "import io,sys,tarfile,subprocess\n" +
    "t = tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()))\n" +
    "print('\\n'.join(t.getnames()))";
  const { zstdDecompressSync } = await import("node:zlib");
  const listed = spawnSync("python3", ["-c", script], { input: zstdDecompressSync(bytes), env: { PYTHONUTF8: "1" } });
  assert.equal(listed.status, 0, String(listed.stderr));
  assert.deepEqual(String(listed.stdout).trim().split("\n").sort(), [long, "pack.yaml", "ü"].sort());
});

test("archives that lead out of their folder are refused, and write nothing there", async (t) => {
  const cases: readonly (readonly [string, TarEntry[]])[] = [
    ["a path with ..", [{ ...PACK, path: "../evil" }]],
    ["an absolute path", [{ ...PACK, path: "/tmp/evil" }]],
    ["a link out", [PACK, { path: "l", kind: "link", target: "../../etc" }]],
    ["an absolute link", [PACK, { path: "l", kind: "link", target: "/etc/passwd" }]],
    [
      "a file behind a link",
      [PACK, { path: "l", kind: "link", target: "." }, { path: "l/x", kind: "link", target: "pack.yaml" }],
    ],
    ["a file twice", [PACK, PACK]],
  ];
  for (const [what, entries] of cases) {
    const outer = await aFolder(t);
    const into = join(outer, "into");
    await mkdir(into);
    await assert.rejects(unpackArchive(tarOf(...entries), into), { code: "pack.archive.unsafe" }, what);
    assert.deepEqual(await readdir(outer), ["into"], what);
  }
});

test("bytes that are no archive, are cut short or unpack to too much are refused", async (t) => {
  const pack = await aPack(t, { zeros: "0".repeat(1_000_000) });
  const { bytes } = await archivePack(pack);
  const refused = async (given: Uint8Array, code: string, most = 2_000_000) => {
    const into = await aFolder(t);
    await assert.rejects(unpackArchive(given, into, { bytes: most, entries: 100, depth: 8 }), { code });
  };
  await refused(Buffer.from("this is no archive"), "pack.archive.unreadable");
  await refused(new Uint8Array(), "pack.archive.unreadable");
  await refused(bytes.subarray(0, bytes.length - 10), "pack.archive.unreadable");
  await refused(bytes, "pack.archive.too-large", 500_000);
  assert.equal(await readFile(join(pack, "pack.yaml"), "utf8"), "name: p\n");
});
