import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { someWorkflows } from "./some-workflows.ts";

const INNER = {
  parameters: { text: { type: "string" } },
  definition: `
version: 1.0
input: [text]
tasks:
  a: {action: core.echo, input: {message: <% ctx(text) %>}, next: [{publish: [{said: <% result().stdout %>}]}]}
output: [{said: <% ctx(said) %>}, {given: <% ctx(text) %>}]
`,
};
/** A text goes through every place where one can: inputs, actions, results, publish, vars, items, sub-workflows, output. */
const journey = (head: string) => ({
  parameters: { text: { type: "string" }, list: { type: "array" } },
  definition: `
version: 1.0
${head}
input: [text, list]
vars: [{v: <% ctx(text) %>}]
tasks:
  a:
    action: core.echo
    input: {message: "<% ctx(v) %>"}
    next: [{publish: [{said: "<% result().stdout %>"}, {jinja: "{{ ctx('text') }}"}, {nested: {deep: [<% ctx(text) %>]}}], do: each}]
  each:
    with: i in <% ctx(list) %>
    action: core.echo
    input: {message: "<% item(i) %>"}
    next: [{publish: [{items: <% result().select($.stdout) %>}], do: sub}]
  sub:
    action: flows.inner
    input: {text: "<% ctx(said) %>"}
    next: [{publish: [{sub: <% result().output %>}]}]
output:
  - v: <% ctx(v) %>
  - said: <% ctx(said) %>
  - jinja: <% ctx(jinja) %>
  - nested: <% ctx(nested) %>
  - items: <% ctx(items) %>
  - sub: <% ctx(sub) %>
`,
});
const YAQL = "<% 'a' + 'b' %>";
const JINJA = "{{ 40 + 2 }}{% if true %}!{% endif %}";

describe("text that came out of inputs and results", () => {
  for (const [language, evil] of [
    ["YAQL", YAQL],
    ["Jinja", JINJA],
  ] as const) {
    test(`is data wherever it goes, in ${language}`, async () => {
      await using w = await someWorkflows({ journey: journey(""), inner: INNER });
      const done = await w.run("journey", {
        text: `{% raw %}${evil}{% endraw %}`,
        list: [`{% raw %}${evil}{% endraw %}`],
      });
      assert.equal(done.status, "succeeded", JSON.stringify(done.result));
      assert.deepEqual(done.result?.output, {
        v: evil,
        said: evil,
        jinja: evil,
        nested: { deep: [evil] },
        items: [evil],
        sub: { said: evil, given: evil },
      });
    });
  }

  test("is evaluated again where the workflow asks for Orquesta's way, and there alone", async () => {
    await using w = await someWorkflows({ journey: journey("compat: reevaluate"), inner: INNER });
    const done = await w.run("journey", { text: `{% raw %}${YAQL}{% endraw %}`, list: ["x"] });
    assert.equal(done.status, "succeeded", JSON.stringify(done.result));
    const { v, said, nested } = done.result?.output as Record<string, unknown>;
    assert.deepEqual({ v, said, nested }, { v: "ab", said: "ab", nested: { deep: ["ab"] } });
  });

  test("'compat' is refused when it says anything else", async () => {
    await using w = await someWorkflows({ journey: journey("compat: all"), inner: INNER });
    const done = await w.run("journey", { text: "x", list: [] });
    assert.equal(done.status, "failed");
    assert.match(JSON.stringify(done.result), /can only be 'reevaluate'/);
  });
});
