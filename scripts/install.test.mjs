import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { completed, missingFrom, platformOf } from "./complete-lock.mjs";
import { ensureInstalled, stampFor, stampPath } from "./install.mjs";
import { npmFailure } from "./say.mjs";

let root;
let runs;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "squall-install-"));
  runs = 0;
  writeFileSync(join(root, "package-lock.json"), "{}\n");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Stands for npm: the network is no part of what is tested here. */
async function install() {
  runs += 1;
  mkdirSync(join(root, "node_modules"), { recursive: true });
}

const ensure = (how = install) => ensureInstalled(root, process.execPath, how);

test("installs into a fresh checkout once", async () => {
  await ensure();
  await ensure();
  assert.equal(runs, 1);
});

test("installs again when the lock file has changed, and when node_modules is gone", async () => {
  await ensure();
  writeFileSync(join(root, "package-lock.json"), '{ "pulled": true }\n');
  await ensure();
  assert.equal(runs, 2);
  rmSync(join(root, "node_modules"), { recursive: true });
  await ensure();
  assert.equal(runs, 3);
});

test("a failed installation counts for nothing, also over one that had worked", async () => {
  await ensure();
  writeFileSync(join(root, "package-lock.json"), '{ "pulled": true }\n');
  await assert.rejects(ensure(() => Promise.reject(new Error("no network"))));
  assert.equal(existsSync(stampPath(root)), false);
  assert.equal(existsSync(join(root, ".squall", "install.lock")), false);
  await ensure();
  assert.equal(runs, 2);
});

test("processes that start while one installs wait for it, then go on without installing again", async () => {
  const starter = `
    import { ensureInstalled } from ${JSON.stringify(new URL("install.mjs", import.meta.url).href)};
    await ensureInstalled(${JSON.stringify(root)}, process.execPath, () => Promise.reject(new Error("a second time")));`;
  let others = [];
  await ensure(async () => {
    others = Array.from({ length: 2 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", starter], { stdio: ["ignore", "inherit", "pipe"] }),
    );
    const said = await Promise.all(others.map(async (child) => String((await once(child.stderr, "data"))[0])));
    for (const line of said) assert.match(line, new RegExp(`waiting for process ${process.pid}\\b`));
    await install();
  });
  const codes = await Promise.all(others.map(async (child) => (await once(child, "exit"))[0]));
  assert.deepEqual(codes, [0, 0]);
});

test("another major version of Node is another installation, another patch is not", () => {
  assert.notEqual(stampFor("lock", "24.21.0"), stampFor("lock", "26.1.0"));
  assert.equal(stampFor("lock", "24.21.0"), stampFor("lock", "24.22.3"));
});

test("an unreachable registry is told apart from other failures, and warnings are left out", () => {
  const told = npmFailure("could not install packages", {
    code: 1,
    signal: null,
    output: "npm warn old\nnpm error code ECONNREFUSED\nnpm error connect ECONNREFUSED\n",
  });
  assert.match(told, /registry cannot be reached \(ECONNREFUSED\)\. Check the network/);
  assert.doesNotMatch(told, /npm warn/);
  assert.match(npmFailure("x", { code: 1, signal: null, output: "npm error ENOSPC\n" }), /disk is full/);
});

test("the committed lock file holds every optional platform package, without which npm ci refuses it", () => {
  const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
  assert.deepEqual(missingFrom(lock), [], "run `npm run lock`");
});

test("a lock file that a partial registry left incomplete is completed with what the names say", () => {
  const lock = {
    packages: {
      "": {},
      "node_modules/tool": {
        version: "1.2.3",
        dev: true,
        optionalDependencies: { "@tool/cli-linux-x64-musl": "1.2.3", "@tool/colours": "1.0.0" },
      },
    },
  };
  const added = completed(lock).packages["node_modules/@tool/cli-linux-x64-musl"];
  assert.deepEqual(added, { version: "1.2.3", cpu: ["x64"], dev: true, libc: ["musl"], optional: true, os: ["linux"] });
  assert.deepEqual(
    missingFrom(completed(lock)).map(({ name }) => name),
    ["@tool/colours"],
  );
  assert.deepEqual(platformOf("@oxlint/binding-linux-arm-gnueabihf"), { cpu: ["arm"], libc: ["glibc"], os: ["linux"] });
});
