import assert from "node:assert/strict";
import { test } from "node:test";
import { labelsText, labelTrouble, satisfies } from "./labels.ts";

test("a worker may run what asks for nothing, or for some of its labels with their values", () => {
  const labels = { site: "edge", gpu: "yes" };
  assert.ok(satisfies(labels, undefined));
  assert.ok(satisfies(labels, {}));
  assert.ok(satisfies(labels, { gpu: "yes" }));
  assert.ok(satisfies(labels, { gpu: "yes", site: "edge" }));
  assert.ok(!satisfies(labels, { gpu: "no" }));
  assert.ok(!satisfies(labels, { site: "edge", rack: "1" }));
  assert.ok(!satisfies({}, { toString: "1" }));
});

test("equal labels have one text, whatever their order", () => {
  assert.equal(labelsText({ b: "1", a: "2" }), labelsText({ a: "2", b: "1" }));
  assert.equal(labelsText({ b: "1", a: "2" }), '{"a":"2","b":"1"}');
  assert.equal(labelsText({}), "");
  assert.equal(labelsText(undefined), "");
});

test("what is no label is said with its name and the cure", () => {
  assert.equal(labelTrouble({ site: "edge", "a/b.c_d-e": "A.1/2" }), undefined);
  assert.equal(labelTrouble({}), undefined);
  const cases: [unknown, string | undefined, RegExp][] = [
    [["site=edge"], undefined, /mapping of names to values/],
    [{ gpu: true }, "gpu", /'gpu' is true, no text; put it in quotes/],
    [{ rack: 12 }, "rack", /'rack' is 12, no text; put it in quotes/],
    [{ site: "" }, "site", /'' is no value of a label/],
    [{ site: "a\u0000" }, "site", /no value of a label; up to 63 letters/],
    [{ "two words": "x" }, "two words", /'two words' is no name of a label/],
    [{ site: "x".repeat(5000) }, "site", /'x{80}\.\.\.' is no value/],
    [Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`l${n}`, "1"])), undefined, /9 labels are given and 8/],
  ];
  for (const [labels, name, message] of cases) {
    const trouble = labelTrouble(labels);
    assert.equal(trouble?.name, name);
    assert.match(trouble?.message ?? "", message);
  }
});
