import assert from "node:assert/strict";
import { test } from "node:test";
import { renderTable } from "./table.ts";
import { textWidth } from "./text-width.ts";

const plain = (width: number) => ({ width, header: (text: string) => text, cell: (text: string) => text });

test("columns stand below each other and the last one is not padded", () => {
  const table = renderTable(
    ["ref", "description"],
    [
      ["core.local", "Runs"],
      ["a.b", "日本"],
    ],
    plain(Number.POSITIVE_INFINITY),
  );
  assert.equal(table, "ref         description\ncore.local  Runs\na.b         日本\n");
});

test("a table fits the terminal by taking from its widest columns first", () => {
  const row = ["5f00000000000000000000e1", "core.local", "x".repeat(200)];
  const lines = renderTable(["id", "ref", "result"], [row], plain(60)).split("\n");
  assert(lines.every((line) => textWidth(line) <= 60));
  assert(lines[1]?.startsWith("5f00000000000000000000e1  core.local  xxx"));
  assert(lines[1]?.endsWith("…"));
});

test("wide characters take two columns, also where a cell is cut", () => {
  const [, line = ""] = renderTable(["name"], [["日本語日本語"]], plain(8)).split("\n");
  assert.equal(textWidth(line), 7);
  assert.equal(line, "日本語…");
});

test("nothing in a cell can reach the terminal or another line", () => {
  const table = renderTable(["name"], [["a\u001b]0;owned\u0007\nb\tc\u009b31m\u202e"]], plain(80));
  assert.equal(table, "name\na]0;owned b c31m\n");
});
