import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_PROJECT } from "@squall/model";
import { anEngine } from "../an-engine.ts";
import { taskNames } from "./some-workflows.ts";

test("the example workflow checks two things at once and reports, also of a page that does not answer", async () => {
  await using t = await anEngine();
  await t.engine.content.register(DEFAULT_PROJECT, [join(import.meta.dirname, "../../../../packs/examples")]);
  const server = createServer((_request, response) => response.end("fine"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const run = async () => {
    const parameters = { url, most_percent: 100 };
    const { id } = await t.engine.executions.request(t.admin, { action: "examples.check_service", parameters });
    return t.engine.executions.settled(DEFAULT_PROJECT, id);
  };
  const good = await run();
  assert.equal(good.status, "succeeded", JSON.stringify(good.result));
  const { healthy, report } = good.result?.output as { healthy: boolean; report: string };
  assert.equal(healthy, true);
  assert.match(report, /^page: 200, disk: \d+ % full$/);
  await new Promise((resolve) => server.close(resolve));
  const bad = await run();
  assert.equal((bad.result?.output as { healthy: boolean }).healthy, false, JSON.stringify(bad.result));
  const tasks = taskNames(await t.engine.executions.children(DEFAULT_PROJECT, bad.id, 1)).sort();
  assert.deepEqual(tasks, ["ask_page", "ask_page", "look_at_disk", "report"]);
});

test("the definitions in the manual have no problems and come to their end", async () => {
  await using t = await anEngine();
  const manual = await readFile(join(import.meta.dirname, "../../../../docs/workflows.md"), "utf8");
  const texts = [...manual.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = ""]) => text);
  const definitions = texts.filter((text) => /^(?:tasks|chain):/m.test(text));
  assert.equal(definitions.length, 3);
  const mocks = { look: { result: { stdout: "up" } }, may_i: { result: { response: { go: true } } } };
  for (const definition of definitions) {
    assert.deepEqual(t.engine.workflows.inspect(DEFAULT_PROJECT, definition), [], definition);
    const chain = definition.includes("chain:");
    const inputs = { hosts: ["a", "b"] };
    const results = chain ? { say: { result: { stdout: "hello", return_code: 0 } } } : mocks;
    const { status, errors } = t.engine.workflows.rehearse(DEFAULT_PROJECT, { definition, inputs, mocks: results });
    assert.equal(status, "succeeded", JSON.stringify(errors));
  }
});
