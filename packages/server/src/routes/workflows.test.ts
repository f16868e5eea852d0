import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { aServer, completed, type TestServer } from "../a-server.ts";

const GOOD = `
version: 1.0
input: [{n: 1}]
tasks:
  a: {action: core.local cmd="x", next: [{when: <% succeeded() %>, publish: [{v: <% result().stdout %>}], do: b}, {when: <% failed() %>, do: c}]}
  b: {action: core.noop}
  c: {action: core.noop}
output: [{v: <% ctx().get(v) %>}]
`;

suite("workflows over HTTP", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer();
  });
  after(() => at[Symbol.asyncDispose]());
  const post = (path: string, text: string) =>
    fetch(`${at.url}/v1/workflows/${path}`, {
      method: "POST",
      headers: { ...at.admin.headers, "content-type": "text/plain" },
      body: text,
    });

  test("inspection answers with everything that is wrong, and with nothing where nothing is", async () => {
    const good = await post("inspect", GOOD);
    assert.deepEqual([good.status, await good.json()], [200, []]);
    const bad = (await (
      await post("inspect", GOOD.replace("core.noop", "core.nop").replace("do: c}", "do: z}"))
    ).json()) as {
      type: string;
      spec_path: string;
      suggestion?: string;
    }[];
    assert.deepEqual(
      bad.map((one) => [one.type, one.spec_path]),
      [
        ["content", "tasks.b.action"],
        ["semantic", "tasks.a.next[1].do"],
      ],
    );
    assert.equal(bad[0]?.suggestion, "did you mean 'core.noop'?");
    const broken = await post("inspect", "a: [");
    assert.equal(broken.status, 200);
    assert.match(await broken.text(), /"syntax".*"line":1/);
  });

  test("a rehearsal tells the path that given results lead along, and runs nothing", async () => {
    const rehearse = (mocks: object) =>
      at.admin("POST", "/v1/workflows/rehearse", { definition: GOOD, inputs: { n: 2 }, mocks });
    const went = await rehearse({ a: { result: { stdout: "out" } } });
    assert.equal(went.status, 200, went.text);
    assert.deepEqual([went.json.status, went.json.output], ["succeeded", { v: "out" }]);
    assert.deepEqual(
      went.json.path.map((one: { task: string }) => one.task),
      ["a", "b"],
    );
    const failed = await rehearse({ a: { status: "failed" }, z: {} });
    assert.deepEqual(
      [failed.json.path.map((one: { task: string }) => one.task), failed.json.unused],
      [["a", "c"], ["z"]],
    );
    assert.equal((await at.admin("GET", "/v1/executions?action=core.noop")).json.length, 0);
    assert.equal((await rehearse({ a: 5 })).status, 400);
    assert.equal((await at.admin("POST", "/v1/workflows/rehearse", { definition: "{}" })).status, 400);
  });

  test("the graph of a definition has its tasks and ways", async () => {
    const { nodes, edges } = (await (await post("graph", GOOD)).json()) as { nodes: object[]; edges: object[] };
    assert.deepEqual([nodes.length, edges.length], [3, 2]);
    const { json } = await at.admin("POST", "/v1/executions", { action: "core.noop" });
    await completed(at.admin, json.id);
    assert.equal((await at.admin("GET", `/v1/executions/${json.id}/graph`)).status, 400);
  });
});
