import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { newKey, vaultKey } from "./vault-key.ts";

const folder = mkdtempSync(join(tmpdir(), "squall-key-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a key file that is given is used as it is, and never made", () => {
  const dataDirectory = join(folder, "given");
  const keyFile = join(folder, "squall.key");
  assert.throws(() => vaultKey({ dataDirectory, keyFile, shared: false }), {
    code: "server.key.missing",
    message: /no encryption key .*squall\.key.*--key-file.*squall server --new-key/,
  });
  const key = newKey();
  writeFileSync(keyFile, `${key}\n`);
  assert.equal(vaultKey({ dataDirectory, keyFile, shared: true }).toString("base64"), key);
  assert.ok(!existsSync(join(dataDirectory, "encryption.key")));
  for (const text of ["", "short", `${key}${key}`, key.replace(/../, "!?"), "x".repeat(1000)]) {
    writeFileSync(keyFile, text);
    assert.throws(() => vaultKey({ dataDirectory, keyFile, shared: false }), { code: "server.key.broken" });
  }
});

test("a key that others share is not made in passing, and one that is there is used", () => {
  const dataDirectory = join(folder, "shared");
  assert.throws(() => vaultKey({ dataDirectory, shared: true }), {
    code: "server.key.missing",
    message: /same encryption key.*--key-file/,
  });
  const made = vaultKey({ dataDirectory, shared: false });
  assert.deepEqual(vaultKey({ dataDirectory, shared: true }), made);
});
