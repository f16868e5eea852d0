import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ApiGraph } from "@squall/client";
import fc from "fast-check";
import { Failure } from "../failure.ts";
import { shortCondition } from "./captions.ts";
import { layout, type Point, type Size } from "./layout.ts";
import { mermaid } from "./mermaid.ts";
import { svg, xml } from "./svg.ts";

const NOW = Date.parse("2026-11-22T09:10:00Z");
const graph = (count: number, ways: readonly (readonly [number, number, string?])[]): ApiGraph => ({
  nodes: Array.from({ length: count }, (_, at) => ({ id: `t${at}`, action: "core.noop" })),
  edges: ways.map(([from, to, when]) => ({ from: `t${from}`, to: `t${to}`, ...(when !== undefined && { when }) })),
});
const overlap = (a: Point & Size, b: Point & Size): boolean =>
  Math.abs(a.x - b.x) * 2 < a.width + b.width - 0.5 && Math.abs(a.y - b.y) * 2 < a.height + b.height - 0.5;

describe("a picture of a workflow", () => {
  test("shows a status by word, sign and look, with how long it took, and what was taken", () => {
    const text = svg(
      {
        nodes: [
          {
            id: "a",
            action: "core.local",
            status: "failed",
            items: true,
            total: 10_000,
            succeeded: 9998,
            runs: 2,
            start_timestamp: "2026-11-22T09:00:00Z",
            end_timestamp: "2026-11-22T09:01:05Z",
          },
          { id: "b", action: "core.noop" },
        ],
        edges: [{ from: "a", to: "b", when: "<% succeeded() %>", taken: false }],
      },
      { title: "flows.x", status: "failed", elapsed: "2 min 0 s" },
      NOW,
    );
    assert.match(text, /class="task bad"/);
    assert.match(text, />✗ failed · 1 min 5 s</);
    assert.match(text, />items 9,998\/10,000 · 2 runs</);
    assert.match(text, />not run</);
    assert.match(text, /class="way passed"/);
    assert.match(text, /<title>&lt;% succeeded\(\) %&gt;<\/title>/);
    assert.match(text, />flows\.x · ✗ failed · 2 min 0 s</);
    assert.match(text, /prefers-color-scheme:dark/);
  });

  test("any text stays text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (name) => {
        const evil: ApiGraph = {
          nodes: [{ id: name, action: `</text>${name}` }, { id: "z" }],
          edges: [{ from: name, to: "z", when: `"${name}` }],
        };
        const text = svg(evil, { title: name }, NOW);
        // What is left when our own tags are taken out holds no markup.
        const rest = text
          .replace(/<style>[^]*?<\/style>/, "")
          .replace(/<\/?(?:svg|title|style|defs|marker|path|rect|text|g)\b[^<>]*>/g, "");
        assert.doesNotMatch(rest, /[<>]/);
        assert.ok(text.isWellFormed());
        assert.doesNotMatch(text, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
        const lines = mermaid(evil, NOW).split("\n");
        assert.ok(lines.every((line) => (line.match(/"/g) ?? []).length % 2 === 0));
      }),
    );
    assert.equal(xml(`<a b='c'>&"\u0000\ud800`), "&lt;a b=&#39;c&#39;&gt;&amp;&quot;");
  });

  test("boxes and conditions stand apart, whatever leads where", () => {
    const ways = fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.constantFrom("<% failed() %>", undefined)), {
      maxLength: 18,
    });
    fc.assert(
      fc.property(ways, (some) => {
        const unique = [...new Map(some.map((way) => [`${way[0]}-${way[1]}`, way])).values()];
        const g = graph(12, unique);
        const boxes = g.nodes.map(() => ({ width: 110, height: 60 }));
        const labels = g.edges.map(({ when }) => (when === undefined ? undefined : { width: 60, height: 18 }));
        const placed = layout(g, boxes, labels);
        const things = [...placed.nodes, ...placed.edges.flatMap((edge) => edge.label ?? [])];
        things.forEach((one, at) => {
          assert.ok(one.x - one.width / 2 > -1 && one.x + one.width / 2 < placed.width + 1, "outside of the picture");
          assert.ok(
            one.y - one.height / 2 > -1 && one.y + one.height / 2 < placed.height + 1,
            "outside of the picture",
          );
          for (const other of things.slice(at + 1)) assert.ok(!overlap(one, other), JSON.stringify([one, other]));
        });
      }),
      { numRuns: 60 },
    );
  });

  test("what stands first in the definition stands first in the picture, and thirty side by side stand below each other", () => {
    const fan = graph(
      31,
      Array.from({ length: 30 }, (_, at) => [0, at + 1] as const),
    );
    const placed = layout(
      fan,
      fan.nodes.map(() => ({ width: 120, height: 60 })),
      [],
    );
    assert.equal(placed.axis, "x");
    const [, ...branches] = placed.nodes;
    assert.deepEqual(
      branches,
      branches.toSorted((a, b) => a.y - b.y),
    );
  });

  test("is refused when there is too much to be drawn, with what to do instead", () => {
    assert.throws(
      () => svg(graph(301, []), { title: "x" }, NOW),
      (error) => error instanceof Failure && /301 tasks/.test(error.message) && /mermaid/.test(error.hint ?? ""),
    );
  });

  test("conditions lose their signs and are cut", () => {
    assert.deepEqual(
      ["<% succeeded() %>", "{{ failed() }}", "<% ctx(n) < 3 %>", `<% ${"x".repeat(99)} %>`].map(shortCondition),
      ["succeeded", "failed", "ctx(n) < 3", `${"x".repeat(27)}…`],
    );
  });
});
