import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLog } from "./log.ts";

test("a record is in the file at once, without its credentials, and none after the end", () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-log-"));
  const file = join(folder, "server.log");
  const log = createLog(file, "info");
  const messages = () =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
  log.info({ token: "s3cret" }, "first");
  assert.deepEqual(messages(), ["first"]);
  log.fatal("last");
  log.close();
  log.info("too late");
  assert.deepEqual(messages(), ["first", "last"]);
  assert.doesNotMatch(readFileSync(file, "utf8"), /s3cret/);
  rmSync(folder, { recursive: true });
});

test("a disk that is full is said once, and holds nobody up", { skip: process.platform !== "linux" }, () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(join(import.meta.dirname, "log.ts"))});
    const log = createLog("/dev/full", "info");
    log.info("one"), log.info("two"), log.fatal("last"), log.close();
    process.stderr.write("goes on\\n");`;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const said = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', process.execPath, ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.match(said, /^squall server: the log \/dev\/full cannot be written: ENOSPC[^\n]*\ngoes on\n$/);
});
