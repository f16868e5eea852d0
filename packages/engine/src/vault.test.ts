import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Invalid } from "@squall/model";
import { createVault } from "./vault.ts";

test("what was sealed opens again, differs each time, and with no other key or purpose", () => {
  const vault = createVault(randomBytes(32));
  const sealed = vault.seal("motör", "key");
  assert.equal(vault.open(sealed, "key"), "motör");
  assert.notEqual(vault.seal("motör", "key"), sealed);
  assert.throws(() => vault.open(sealed, "parameter"), Invalid);
  assert.throws(() => createVault(randomBytes(32)).open(sealed, "key"), Invalid);
});

test("a changed, cut or foreign text is refused and does not show itself in the error", () => {
  const vault = createVault(randomBytes(32));
  const sealed = vault.seal("secret-word", "key");
  for (const text of [`${sealed.slice(0, -2)}AA`, sealed.slice(0, 20), "plain", "squall1:", ""]) {
    assert.throws(
      () => vault.open(text, "key"),
      (error: Error) => error instanceof Invalid && !error.message.includes(sealed),
    );
  }
});

test("an execution's token names the execution and cannot be made without the key", () => {
  const vault = createVault(randomBytes(32));
  const id = "65f0c0ffee65f0c0ffee0001";
  const token = vault.executionToken(id);
  assert.equal(vault.executionOf(token), id);
  assert.equal(vault.executionOf(token.replace("0001", "0002")), undefined);
  assert.equal(createVault(randomBytes(32)).executionOf(token), undefined);
  assert.equal(vault.executionOf(""), undefined);
});
