import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { SquallError } from "@squall/model";
import { unpackArchive, type UnpackLimits } from "./unpack.ts";

/**
 * Archives that no honest program makes, made by Python's own tarfile and zipfile: `add(name, type, data, target)` and, for zip
 * files, `put(name, data, mode)` write one entry each, whatever its name.
 */
const MAKER = `
import io, sys, tarfile, zipfile
kind, path, script = sys.argv[1:]
if kind == "zip":
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    def put(name, data=b"", mode=0o100644):
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = mode << 16
        archive.writestr(info, data)
else:
    archive = tarfile.open(path, "w:gz" if kind == "gz" else "w", format=tarfile.PAX_FORMAT if "pax" in script else tarfile.GNU_FORMAT)
    def add(name, type=tarfile.REGTYPE, data=b"", target="", mode=0o644):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname, info.mode = type, len(data), target, mode
        archive.addfile(info, io.BytesIO(data))
exec(script)
archive.close()
`;
const PACK = `add("pack.yaml", data=b"name: p")\n`;
const LIMITS: UnpackLimits = { bytes: 1_000_000, entries: 100, depth: 8 };

async function made(t: TestContext, script: string, kind: "gz" | "tar" | "zip" = "gz") {
  const base = await realpath(await mkdtemp(join(tmpdir(), "squall-unpack-")));
  t.after(() => rm(base, { recursive: true, force: true }));
  const archive = join(base, "archive");
  const { status, stderr } = spawnSync("python3", ["-c", MAKER, kind, archive, script], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return prepared(base, archive);
}

async function prepared(base: string, archive: string) {
  const folder = join(base, "outer", "folder");
  await mkdir(folder, { recursive: true });
  return {
    base,
    archive,
    folder,
    /** Everything beside the folder that unpacking may write to. */
    outside: async () => [...(await readdir(base)), ...(await readdir(join(base, "outer")))].sort(),
  };
}

const UNTOUCHED = ["archive", "folder", "outer"];

async function refused(t: TestContext, script: string, code: string, says: RegExp, kind: "gz" | "tar" | "zip" = "gz") {
  const { archive, folder, outside } = await made(t, script, kind);
  await assert.rejects(unpackArchive(archive, folder, LIMITS), (thrown) => {
    assert.ok(thrown instanceof SquallError, String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    assert.match(thrown.message, says);
    return true;
  });
  assert.deepEqual(await outside(), UNTOUCHED, "nothing was written outside");
}

test("files, folders, links and modes come out as they went in; git's files and compiled Python do not", async (t) => {
  const long = `${"d/".repeat(5)}${"n".repeat(200)}`;
  for (const format of ["gnu", "pax"]) {
    const { archive, folder } = await made(
      t,
      `# ${format}
add("./pack.yaml", data=b"name: p")
add("actions/run.sh", data=b"echo", mode=0o4755)
add(${JSON.stringify(long)}, data=b"long")
add("empty", tarfile.DIRTYPE)
add("to-run", tarfile.SYMTYPE, target="actions/run.sh")
add("again.sh", tarfile.LNKTYPE, target="./actions/run.sh")
add("nowhere", tarfile.SYMTYPE, target="actions/none")
add(".git/config", data=b"x")
add("actions/__pycache__/a.pyc", data=b"x")
`,
    );
    const unpacked = await unpackArchive(archive, folder);
    assert.deepEqual(unpacked, { root: folder, folder: "", leftOut: ["nowhere"] });
    assert.deepEqual((await readdir(folder)).sort(), ["actions", "again.sh", "d", "empty", "pack.yaml", "to-run"]);
    assert.equal(await readFile(join(folder, long), "utf8"), "long");
    assert.equal(await readlink(join(folder, "to-run")), "actions/run.sh");
    assert.equal((await stat(join(folder, "actions/run.sh"))).mode & 0o7777, 0o755, "no set-uid bit");
    assert.equal(
      (await stat(join(folder, "again.sh"))).ino === (await stat(join(folder, "actions/run.sh"))).ino,
      false,
    );
  }
});

test("a pack in a single folder, a plain tar, and a zip are as good", async (t) => {
  const one = await made(t, `add("repo-1a2b/pack.yaml", data=b"x")\nadd("repo-1a2b/a", data=b"x")`, "tar");
  assert.deepEqual(await unpackArchive(one.archive, one.folder), {
    root: join(one.folder, "repo-1a2b"),
    folder: "repo-1a2b",
    leftOut: [],
  });
  const zip = await made(
    t,
    `put("top/pack.yaml", b"name: p" * 1000)\nput("top/run.sh", b"echo", 0o100755)\nput("top/l", b"run.sh", 0o120777)\nput("top/empty/")\nput("top/none", b"")`,
    "zip",
  );
  const { root } = await unpackArchive(zip.archive, zip.folder);
  assert.equal((await readFile(join(root, "pack.yaml"))).length, 7000);
  assert.equal((await stat(join(root, "run.sh"))).mode & 0o777, 0o755);
  assert.equal(await readlink(join(root, "l")), "run.sh");
});

test("paths that leave the archive are refused", async (t) => {
  await refused(t, `${PACK}add("../evil", data=b"x")`, "pack.archive.unsafe", /"\.\.\/evil" .* leads out/);
  await refused(t, `${PACK}add("a/../../evil", data=b"x")`, "pack.archive.unsafe", /leads out/);
  await refused(t, `${PACK}add("/tmp/evil", data=b"x")`, "pack.archive.unsafe", /absolute/);
  await refused(t, `put("../evil", b"x")`, "pack.archive.unsafe", /leads out/, "zip");
  await refused(t, `put("/evil", b"x")`, "pack.archive.unsafe", /absolute/, "zip");
  await refused(t, `${PACK}add("a\\nb", data=b"x")`, "pack.archive.unsafe", /a\?b.* control characters/);
});

test("links that lead out are refused, by whatever way they do", async (t) => {
  const link = (name: string, target: string) => `add("${name}", tarfile.SYMTYPE, target="${target}")\n`;
  for (const [script, says] of [
    [link("l", "/etc/passwd"), /leads out of the pack/],
    [link("l", "../.."), /leads out of the pack/],
    [link("l", "a/../../x"), /leads out of the pack/],
    // Each is inside by its text; together they are not.
    [`add("d/e/f", data=b"x")\n${link("d/e/l", "..")}${link("x", "d/e/l/../..")}`, /leads out of the pack/],
    // A file through a link, and a link through a link.
    [`${link("l", "..")}add("l/evil", data=b"x")`, /is there twice|leads out/],
    [`${link("l", "d")}add("d/x", data=b"x")\n${link("l/evil", "x")}`, /lies behind a link/],
    [`add("h", tarfile.LNKTYPE, target="../archive")`, /leads out/],
    [`add("h", tarfile.LNKTYPE, target="nothing")`, /does not hold/],
    [`${link("l", "pack.yaml")}add("h", tarfile.LNKTYPE, target="l")`, /does not hold/],
  ] as const) {
    await refused(t, PACK + script, "pack.archive.unsafe", says);
  }
  await refused(
    t,
    `put("pack.yaml", b"x")\nput("l", b"../../evil", 0o120777)`,
    "pack.archive.unsafe",
    /leads out/,
    "zip",
  );
});

test("devices and pipes, names twice, files that are folders: refused", async (t) => {
  await refused(t, `${PACK}add("d", tarfile.CHRTYPE)`, "pack.archive.unsafe", /no file, folder or link \(type "3"\)/);
  await refused(t, `${PACK}add("d", tarfile.FIFOTYPE)`, "pack.archive.unsafe", /type "6"/);
  await refused(t, `${PACK}add("a", data=b"1")\nadd("a", data=b"2")`, "pack.archive.unsafe", /is there twice/);
  await refused(
    t,
    `${PACK}add("a", data=b"1")\nadd("a/b", data=b"2")`,
    "pack.archive.unsafe",
    /file as well as a folder/,
  );
});

test("too much of anything is refused as soon as it is seen", async (t) => {
  // 20 MB of zeros in 20 kB.
  await refused(t, `${PACK}add("zeros", data=bytes(20_000_000))`, "pack.archive.too-large", /more than 1000000 bytes/);
  await refused(t, `put("pack.yaml", b"x")\nput("zeros", bytes(20_000_000))`, "pack.archive.too-large", /bytes/, "zip");
  await refused(t, `${PACK}for i in range(200): add("f%d" % i)`, "pack.archive.too-large", /more than 100 files/);
  await refused(t, `${PACK}add("d/" * 20 + "f")`, "pack.archive.unsafe", /deeper than 8/);
  await refused(t, `${PACK}add("n" * 300)`, "pack.archive.unsafe", /name that is too long/);
  await refused(
    t,
    `${PACK}for i in range(20): add("h%d" % i, data=bytes(1)) if i == 0 else None\nadd("big", data=bytes(600_000))\nadd("copy", tarfile.LNKTYPE, target="big")`,
    "pack.archive.too-large",
    /bytes/,
  );
});

test("a zip that lies about the size of what is in it is refused", async (t) => {
  const { archive, folder } = await made(t, `put("pack.yaml", b"x" * 5000)`, "zip");
  const bytes = await readFile(archive);
  const directory = bytes.indexOf(Buffer.from("PK\u0001\u0002"));
  bytes.writeUInt32LE(10, directory + 24);
  await writeFile(archive, bytes);
  await assert.rejects(unpackArchive(archive, folder, LIMITS), { code: "pack.archive.unreadable" });
});

test("what is cut short, damaged or no archive at all is said to be", async (t) => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "squall-unpack-")));
  t.after(() => rm(base, { recursive: true, force: true }));
  const good = await readFile((await made(t, `${PACK}add("a", data=bytes(range(256)) * 100)`)).archive);
  const plain = await readFile((await made(t, `${PACK}add("a", data=bytes(100000))`, "tar")).archive);
  for (const [name, bytes] of Object.entries({
    empty: Buffer.alloc(0),
    text: Buffer.from("pack.yaml: no archive"),
    cut: good.subarray(0, good.length - 20),
    "cut tar": plain.subarray(0, 50_000),
    "gzip of text": gzipSync("hello ".repeat(1000)),
    "damaged gzip": Buffer.concat([good.subarray(0, 40), Buffer.alloc(40, 0xff), good.subarray(80)]),
    zip: Buffer.from("PK\u0003\u0004 and no more"),
    bzip2: Buffer.from("BZh91AY&SY"),
  })) {
    const archive = join(base, name);
    await writeFile(archive, bytes);
    const folder = join(base, `${name} folder`);
    await mkdir(folder);
    await assert.rejects(unpackArchive(archive, folder, LIMITS), { code: "pack.archive.unreadable" }, name);
  }
  const nothing = await made(t, `add("readme", data=b"x")`);
  await assert.rejects(unpackArchive(nothing.archive, nothing.folder), { code: "pack.archive.no-pack" });
  assert.ok(!existsSync(join(nothing.folder, "pack.yaml")));
});
