import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { JinjaError, createEnvironment } from "@squall/jinja";
import { DECRYPT } from "./context.ts";
import { filters } from "./filters.ts";

/** A line of the recorded templates: what StackStorm's own environment made of them. */
interface Case {
  readonly id: string;
  readonly mode: string;
  readonly op: string;
  readonly template: string;
  readonly context: Record<string, unknown>;
  readonly options?: { allow_undefined?: boolean; trim_blocks?: boolean; lstrip_blocks?: boolean };
  readonly crypto_key?: { aesKeyString: string };
  readonly result?: string;
  readonly error?: { type: string; message: string };
}

const folder = process.env["SQUALL_CONFORMANCE"] ?? join(import.meta.dirname, "../../../../shared/conformance");
const file = join(folder, "jinja.jsonl");
const skip = existsSync(file) ? false : `the recorded templates are not here: ${file}`;

function environmentFor(options: Case["options"]): ReturnType<typeof createEnvironment> {
  return createEnvironment({
    strict: options?.allow_undefined !== true,
    trimBlocks: options?.trim_blocks ?? true,
    lstripBlocks: options?.lstrip_blocks ?? true,
    filters,
  });
}

/** The reading half of StackStorm's encryption: 5 bytes of header, 16 of IV, AES-256-CBC, 20 of HMAC. */
function decrypt(hex: string, key: string): string {
  const bytes = Buffer.from(hex, "hex");
  const cipher = createDecipheriv("aes-256-cbc", Buffer.from(key, "base64url"), bytes.subarray(5, 21));
  return Buffer.concat([cipher.update(bytes.subarray(21, -20)), cipher.final()]).toString();
}

test("recorded templates print what StackStorm printed and fail where it failed", { skip }, () => {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  const cases = lines
    .map((line) => JSON.parse(line) as Case)
    .filter((one) => one.mode === "st2" && one.op === "render");
  assert.ok(cases.length > 300, "there are recorded templates to compare with");
  const wrong: string[] = [];
  for (const { id, template, context, options, crypto_key: key, result, error } of cases) {
    const given =
      key === undefined ? context : { ...context, [DECRYPT]: (hex: string) => decrypt(hex, key.aesKeyString) };
    let got: string;
    try {
      got = environmentFor(options).compile(template).render(given);
    } catch (thrown) {
      assert.ok(thrown instanceof Error);
      if (error === undefined) wrong.push(`${id}: ${template} fails: ${thrown.message}`);
      else if (thrown instanceof JinjaError) assert.ok(thrown.line !== undefined, `${id} says where it failed`);
      continue;
    }
    if (got !== result)
      wrong.push(`${id}: ${template} prints ${JSON.stringify(got)}, not ${JSON.stringify(result ?? error)}`);
  }
  assert.deepEqual(wrong, []);
});
