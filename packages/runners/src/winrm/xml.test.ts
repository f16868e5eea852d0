import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeXml, findAll, readXml } from "./xml.ts";

test("elements come without namespaces, with attributes, entities and CDATA", () => {
  const root = readXml(
    `<?xml version="1.0"?><!-- <x> --><s:A xmlns:s="u" s:b='1 > "2"'><c d="&lt;&#x41;&#66;&amp;"/>t<c><![CDATA[<&]]></c>&nope;</s:A>`,
  );
  assert.deepEqual([root.name, root.attributes.b, root.text], ["A", '1 > "2"', "t&nope;"]);
  assert.deepEqual(
    findAll(root, "c").map(({ attributes, text }) => [attributes.d, text]),
    [
      ["<AB&", ""],
      [undefined, "<&"],
    ],
  );
});

test("what is written is read back", () => {
  const text = `<&>"'\r\n\t\u{1f600}]]>`;
  const [, read] = [0, readXml(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`)];
  assert.deepEqual([read.text, read.attributes.b], [text, text]);
  assert.equal(escapeXml("a\0\u0007b"), "ab");
});

test("what is no document is refused, deep and declared ones too", () => {
  const bad = ["", "x", "<a>", "</a>", "<a></b>", "<a", "<a><![CDATA[x</a>", '<!DOCTYPE a [<!ENTITY b "c">]><a/>'];
  for (const text of [...bad, "<a>".repeat(200) + "</a>".repeat(200)])
    assert.throws(() => readXml(text), { code: "runner.winrm.answer" }, text);
});
