import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { endLeftovers } from "../leftovers.ts";
import { createProcessTable } from "../members.ts";
import { anInstallation, ask, aWheel, type Installation } from "./a-pack.ts";
import { findInterpreter } from "./interpreter.ts";
import { describeVirtualenv, ensureVirtualenv, removeVirtualenv } from "./virtualenv.ts";

const TELL = "import tiny; print(tiny.version)";

test("a pack that requires nothing has the system's Python, and no virtualenv", async () => {
  using t = anInstallation();
  t.requires("# nothing\n\n--no-binary :all:\n");
  assert.deepEqual(await findInterpreter(t.settings, "mine", t.packPath), { file: "python3", stamp: "system" });
  assert.equal(existsSync(t.settings.virtualenvs), false);
  assert.deepEqual(await describeVirtualenv(t.settings, "mine", t.packPath), { status: "not-needed" });
});

test("what requirements.txt names is installed on first use, with progress, and once", async () => {
  using t = anInstallation();
  aWheel(t.wheels, "tiny", "1.0");
  t.requires("tiny==1.0\n");
  assert.deepEqual(await describeVirtualenv(t.settings, "mine", t.packPath), { status: "missing" });
  const lines: string[] = [];
  const first = await findInterpreter(t.settings, "mine", t.packPath, { onProgress: (line) => lines.push(line) });
  assert.equal(ask(first.file, TELL), "1.0");
  assert.match(
    lines.join("\n"),
    /^making the virtualenv of pack "mine": there is none yet.*\n[^]*Installing collected packages: tiny/,
  );
  assert.equal(lines.at(-1), 'the virtualenv of pack "mine" is ready');

  lines.length = 0;
  const second = await findInterpreter(t.settings, "mine", t.packPath, { onProgress: (line) => lines.push(line) });
  assert.deepEqual([second, lines], [first, []]);
  assert.equal(ask(join(t.settings.virtualenvs, "mine", "bin", "python"), TELL), "1.0");
  const about = await describeVirtualenv(t.settings, "mine", t.packPath);
  assert.ok(about.status === "ready" && about.path === first.virtualenv);
  assert.match(about.python ?? "", /^3\.\d+\.\d+/);
});

test("changed requirements make another virtualenv, and leave the one in use alone until nobody is in it", async () => {
  using t = anInstallation();
  aWheel(t.wheels, "tiny", "1.0");
  aWheel(t.wheels, "tiny", "2.0");
  t.requires("-r more.txt\n");
  writeFileSync(join(t.packPath, "more.txt"), "tiny<2\n");
  const first = await findInterpreter(t.settings, "mine", t.packPath);
  assert.ok(first.virtualenv);
  const user = spawn(first.file, ["-c", "input()\nimport tiny; print(tiny.version)"], { stdio: "pipe" });
  await once(user, "spawn");

  writeFileSync(join(t.packPath, "more.txt"), "tiny\n");
  assert.equal((await describeVirtualenv(t.settings, "mine", t.packPath)).status, "stale");
  const second = await findInterpreter(t.settings, "mine", t.packPath);
  assert.notEqual(second.stamp, first.stamp);
  assert.equal(ask(second.file, TELL), "2.0");

  // However long ago it was replaced: somebody is in it.
  const longAgo = new Date(0);
  utimesSync(join(first.virtualenv, "squall-replaced"), longAgo, longAgo);
  const request = { pack: "mine", packPath: t.packPath, rebuild: true };
  const third = await ensureVirtualenv(t.settings, request);
  assert.notEqual(third?.stamp, second.stamp);
  user.stdin.end("\n");
  assert.equal((await text(user.stdout)).trim(), "1.0");
  await ensureVirtualenv(t.settings, request);
  assert.equal(existsSync(first.virtualenv), false);
});

test("a package that cannot be had fails with pip's own words, and what to do; its correction is tried at once", async () => {
  using t = anInstallation();
  t.requires("nosuchpackage>=7\n");
  const seconds: string[] = [];
  const failing = (onProgress: (line: string) => void = () => undefined) =>
    assert.rejects(findInterpreter(t.settings, "mine", t.packPath, { onProgress }), {
      code: "virtualenv.install",
      message:
        /pack "mine"[^]*ERROR: No matching distribution found for nosuchpackage>=7\ncorrect .*requirements\.txt, or say where/,
    });
  await failing();
  // The next one does not ask the index again so soon.
  await failing((line) => seconds.push(line));
  assert.deepEqual(seconds, []);
  assert.equal((await describeVirtualenv(t.settings, "mine", t.packPath)).status, "missing");

  aWheel(t.wheels, "tiny", "1.0");
  t.requires("tiny\n");
  assert.equal(ask((await findInterpreter(t.settings, "mine", t.packPath)).file, TELL), "1.0");
});

test("of many who ask at once one builds, and all have the same", async () => {
  using t = anInstallation();
  aWheel(t.wheels, "tiny", "1.0");
  t.requires("tiny\n");
  const lines: string[] = [];
  const onProgress = (line: string) => lines.push(line);
  const found = await Promise.all(
    Array.from({ length: 5 }, () => findInterpreter(t.settings, "mine", t.packPath, { onProgress })),
  );
  assert.equal(new Set(found.map((one) => one.stamp)).size, 1);
  assert.equal(lines.filter((line) => line.startsWith("making")).length, 1);
  assert.equal(lines.filter((line) => line.startsWith("waiting")).length, 4);
  assert.equal(readdirSync(join(t.settings.virtualenvs, ".builds", "mine")).length, 1);
});

/** A requirement whose build never ends: pip is busy with it until it is stopped. */
function requiresForever(t: Installation): void {
  const source = join(t.packPath, "slow");
  mkdirSync(source);
  const backend = '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n';
  writeFileSync(join(source, "pyproject.toml"), backend);
  writeFileSync(join(source, "slow.py"), "import time\ntime.sleep(600)\n");
  t.requires("./slow\n");
}

const MARK = "virtualenv-mine";
const table = createProcessTable();

test("stopping the one who builds ends the installer, and who waited builds then", async () => {
  using t = anInstallation();
  requiresForever(t);
  const control = new AbortController();
  const busy = Promise.withResolvers<void>();
  const first = findInterpreter(t.settings, "mine", t.packPath, {
    signal: control.signal,
    onProgress: (line) => line.startsWith("Processing ./slow") && busy.resolve(),
  });
  await busy.promise;
  const waiting = Promise.withResolvers<void>();
  const patience = new AbortController();
  const second = findInterpreter(t.settings, "mine", t.packPath, {
    signal: patience.signal,
    mark: "another",
    onProgress: (line) => {
      if (line.startsWith("waiting")) waiting.resolve();
      // Its turn has come.
      if (line.startsWith("making")) patience.abort();
    },
  });
  second.catch(() => undefined);
  await waiting.promise;
  control.abort();
  await assert.rejects(first, { code: "virtualenv.stopped" });
  assert.equal(await endLeftovers([MARK], { table, graceMs: 100 }), 0);
  await assert.rejects(second, { code: "virtualenv.stopped" });
  assert.equal(patience.signal.aborted, true);
});

test("a build whose process was killed is not taken for a good one, and holds nobody up", async () => {
  using t = anInstallation();
  requiresForever(t);
  const door = JSON.stringify(new URL("./interpreter.ts", import.meta.url).href);
  const program = `import { findInterpreter } from ${door};
    const onProgress = (line) => console.log(line);
    await findInterpreter(${JSON.stringify(t.settings)}, "mine", ${JSON.stringify(t.packPath)}, { onProgress });`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const text of other.stdout) if (String(text).includes("Processing ./slow")) break;
  other.kill("SIGKILL");
  await once(other, "exit");
  try {
    aWheel(t.wheels, "tiny", "1.0");
    t.requires("tiny\n");
    const found = await findInterpreter(t.settings, "mine", t.packPath, { mark: "another" });
    assert.equal(ask(found.file, TELL), "1.0");
    assert.deepEqual(readdirSync(join(t.settings.virtualenvs, ".builds", "mine")), [found.stamp]);
  } finally {
    // A server does this when it starts again.
    await endLeftovers([MARK], { table, graceMs: 100 });
  }
});

test("a virtualenv whose record or Python is gone is made again", async () => {
  using t = anInstallation();
  aWheel(t.wheels, "tiny", "1.0");
  t.requires("tiny\n");
  const first = await findInterpreter(t.settings, "mine", t.packPath);
  assert.ok(first.virtualenv);
  rmSync(first.file);
  symlinkSync("/nowhere/python3", first.file);
  const lines: string[] = [];
  const second = await findInterpreter(t.settings, "mine", t.packPath, { onProgress: (line) => lines.push(line) });
  assert.match(lines[0] ?? "", /does not lead to a Python any more/);
  assert.equal(ask(second.file, TELL), "1.0");
  assert.ok(second.virtualenv);
  rmSync(join(second.virtualenv, "squall.json"));
  const third = await findInterpreter(t.settings, "mine", t.packPath, { onProgress: (line) => lines.push(line) });
  assert.notEqual(third.stamp, second.stamp);
  assert.match(lines.join("\n"), /its building was not finished/);
});

test("a Python that is not there is named, with what to do", async () => {
  using t = anInstallation();
  t.requires("tiny\n");
  await assert.rejects(findInterpreter({ ...t.settings, python: "/nowhere/python3" }, "mine", t.packPath), {
    code: "virtualenv.python",
    message: /pack "mine": cannot start \/nowhere\/python3.*does not exist; install Python/,
  });
});

test("a virtualenv that takes too long is stopped and says where it was", async () => {
  using t = anInstallation();
  t.requires("tiny\n");
  const settings = { ...t.settings, packages: { wheels: t.wheels, timeoutMs: 50 } };
  await assert.rejects(findInterpreter(settings, "mine", t.packPath), {
    code: "virtualenv.timeout",
    message: /took longer than 0.05 s/,
  });
});

test("credentials of an index are in no line and no error", async () => {
  using t = anInstallation();
  t.requires("tiny\n--extra-index-url http://someone:s3cret@127.0.0.1:1/simple\n");
  const lines: string[] = [];
  const sources = {
    index: "http://ann:t0psecret@more@127.0.0.1:1/simple",
    extraIndexes: ["http://t0ken@127.0.0.1:1/"],
  };
  // pip asks an index that refuses five times over, with growing pauses; here once is enough.
  const settings = {
    ...t.settings,
    packages: sources,
    installerBase: { PATH: process.env.PATH ?? "", PIP_RETRIES: "0" },
  };
  const message = await findInterpreter(settings, "mine", t.packPath, { onProgress: (line) => lines.push(line) }).then(
    () => "",
    (error: Error) => error.message,
  );
  assert.match(message, /cannot install/);
  assert.match(lines.join("\n"), /Looking in indexes: http:\/\/\*\*\*\*@127/);
  assert.doesNotMatch(`${message}${lines.join("\n")}`, /s3cret|t0psecret|more@|t0ken/);
});

test("a virtualenv made by hand is used as it is; removing takes what there is", async () => {
  using t = anInstallation();
  const own = join(t.settings.virtualenvs, "mine");
  mkdirSync(join(own, "bin"), { recursive: true });
  symlinkSync(ask("python3", "import sys; print(sys.executable)"), join(own, "bin", "python"));
  t.requires("anything\n");
  const found = await findInterpreter(t.settings, "mine", t.packPath);
  assert.equal(found.virtualenv, own);
  assert.match(found.stamp, /^own-/);

  aWheel(t.wheels, "tiny", "1.0");
  t.requires("tiny\n");
  const built = await ensureVirtualenv(t.settings, { pack: "mine", packPath: t.packPath, rebuild: true });
  assert.equal(ask(built?.file ?? "", TELL), "1.0");
  assert.equal(lstatSync(own).isSymbolicLink(), true);

  await removeVirtualenv(t.settings, "mine");
  assert.deepEqual(readdirSync(t.settings.virtualenvs).sort(), [".builds", ".locks"]);
  assert.deepEqual(readdirSync(join(t.settings.virtualenvs, ".builds")), []);
});

test("a virtualenv made by hand whose Python is gone is not passed over in silence", async () => {
  using t = anInstallation();
  const own = join(t.settings.virtualenvs, "mine");
  mkdirSync(join(own, "bin"), { recursive: true });
  symlinkSync("/nowhere/python3", join(own, "bin", "python"));
  await assert.rejects(findInterpreter(t.settings, "mine", t.packPath), (thrown: Error & { code?: string }) => {
    assert.equal(thrown.code, "virtualenv.broken");
    assert.match(
      thrown.message,
      /mine\/bin\/python does not lead to a Python any more; make it again, or remove \S+mine/,
    );
    return true;
  });
});

test("a name that would lead out of the folder is refused", async () => {
  using t = anInstallation();
  t.requires("tiny\n");
  await assert.rejects(findInterpreter(t.settings, "../../etc", t.packPath), { code: "virtualenv.pack" });
});

const uv = spawnSync("uv", ["--version"]).error === undefined ? false : "uv is not on this machine";

test("uv installs where it is, and pip what uv will not have", { skip: uv }, async () => {
  using t = anInstallation();
  aWheel(t.wheels, "tiny", "1.0");
  t.requires("tiny\n");
  const lines: string[] = [];
  const onProgress = (line: string) => lines.push(line);
  const found = await findInterpreter(t.settings, "mine", t.packPath, { onProgress });
  assert.equal(ask(found.file, TELL), "1.0");
  assert.match(lines.join("\n"), /\+ tiny==1\.0/);

  lines.length = 0;
  t.requires("nosuchpackage\n");
  await assert.rejects(findInterpreter(t.settings, "mine", t.packPath, { onProgress }), { code: "virtualenv.install" });
  assert.match(lines.join("\n"), /trying pip[^]*No matching distribution/);
});
