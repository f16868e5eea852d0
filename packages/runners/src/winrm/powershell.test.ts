import assert from "node:assert/strict";
import { test } from "node:test";
import type { Parameters } from "@squall/model";
import { callScript, powershellArguments, powershellCommand, powershellLiteral, readableErrors } from "./powershell.ts";

test("values become PowerShell's literals as StackStorm writes them", () => {
  const literals: readonly (readonly [unknown, string])[] = [
    [null, "$null"],
    [true, "$true"],
    [false, "$false"],
    [5, "5"],
    [1.5, "1.5"],
    ["plain", '"plain"'],
    ["a\"b'c`d$e\n\r\t\0", '"a`"b`\'c``d`$e`n`r`t`0"'],
    ["\u201c; evil", '"`\u201c; evil"'],
    [["x", 1, null], '@("x", 1, $null)'],
    [{ z: "w", y: [true] }, '@{"z" = "w"; "y" = @($true)}'],
  ];
  for (const [value, literal] of literals) assert.equal(powershellLiteral(value), literal);
});

test("named arguments come first as literals, positions follow as texts", () => {
  const schema = {
    first: { type: "string", position: 0 },
    second: { type: "boolean", position: 1 },
  } satisfies Parameters;
  const values = { name: "a $b", flag: true, none: null, first: 5, second: true, timeout: 1 };
  assert.equal(
    powershellArguments(values, schema, new Set(["timeout"]), "-"),
    '-name "a `$b" -flag $true -none $null "5" "1"',
  );
});

test("a script is called with arguments in a block that its last comment does not swallow", () => {
  assert.equal(callScript("x # why", "-a 1"), "& {x # why\n} -a 1");
  assert.equal(callScript("x", ""), "x");
  assert.equal(powershellCommand("dir"), "powershell -encodedcommand ZABpAHIA");
});

test("errors as CLIXML become text, progress is left out, and what is none stays", () => {
  const objects = (inside: string) => `<Objs Version="1.1.0.1" xmlns="x">${inside}</Objs>`;
  const error = '<S S="Error">At line:1_x000D__x000A_caf_x00E9_ &lt;x&gt;_x000D__x000A_</S>';
  assert.equal(readableErrors(`#< CLIXML\r\n${objects(error)}`), "At line:1\ncaf\u00e9 <x>");
  const two = `#< CLIXML\r\n${objects('<Obj S="progress"><S>no</S></Obj>')}${objects(error)}`;
  assert.equal(readableErrors(two), "At line:1\ncaf\u00e9 <x>");
  assert.equal(readableErrors(`#< CLIXML\r\n${objects("<Obj/>")}`), "");
  assert.equal(readableErrors(`before\r\n#< CLIXML\r\n${objects(error)}`), "before\nAt line:1\ncaf\u00e9 <x>");
  for (const text of ["plain", "#< CLIXML\r\n<Objs><S>", "#< CLIXML <Objs><a></b></Objs>"])
    assert.equal(readableErrors(text), text);
});
