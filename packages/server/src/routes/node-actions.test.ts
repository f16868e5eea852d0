import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { aServer } from "../a-server.ts";

/** What somebody who writes TypeScript would put into a pack. */
const ACTION = `import { ActionFailed, defineAction } from "@squall/sdk";

interface Parameters { name: string; secret: string }

export default defineAction<Parameters>(async ({ name, secret }, { datastore, log, execution, api }) => {
  const before = await datastore.get(name);
  await datastore.set(name, secret, { encrypt: true, ttl: 60 });
  await datastore.set("shared-by-all", "plain", { local: false });
  log.info("wrote %s", name);
  const own = (await (await api("/executions/" + execution.id)).json()) as { status: string };
  const found = {
    before: before ?? null,
    sealed: (await datastore.get(name)) === secret,
    plain: await datastore.get(name, { decrypt: true }),
    names: (await datastore.list()).map((key) => key.name),
    shared: (await datastore.list("shared-", { local: false })).map((key) => key.value),
    deleted: [await datastore.delete(name), await datastore.delete(name)],
    status: own.status,
  };
  if (found.plain !== secret) throw new ActionFailed(found);
  return found;
});
`;

test("a TypeScript action uses the datastore and the API with its execution's own rights", async (t) => {
  const pack = mkdtempSync(join(tmpdir(), "squall-node-pack-"));
  t.after(() => rmSync(pack, { recursive: true }));
  mkdirSync(join(pack, "actions"));
  writeFileSync(
    join(pack, "pack.yaml"),
    "ref: typed\nname: typed\ndescription: d\nversion: 1.0.0\nauthor: a\nemail: a@example.org\n",
  );
  writeFileSync(
    join(pack, "actions", "remember.yaml"),
    "name: remember\nrunner_type: node-script\nentry_point: remember.ts\nparameters:\n  name: {type: string, required: true}\n" +
      "  secret: {type: string, secret: true, required: true}\n",
  );
  writeFileSync(join(pack, "actions", "remember.ts"), ACTION);
  await using server = await aServer();
  const registered = await server.admin("POST", "/v1/packs/register", { path: pack });
  assert.equal(registered.status, 200, registered.text);
  const asked = await server.admin("POST", "/v1/executions", {
    action: "typed.remember",
    parameters: { name: "state", secret: "s3cret" },
  });
  assert.equal(asked.status, 201, asked.text);
  const ended = await server.server.engine.executions.settled("default", asked.json.id);
  assert.deepEqual(ended.result?.result, {
    before: null,
    sealed: false,
    plain: "s3cret",
    names: ["typed.remember:state"],
    shared: ["plain"],
    deleted: [true, false],
    status: "running",
  });
  assert.match(String(ended.result?.stderr), /^actions\.node\.remember: INFO {5}wrote state\n$/);
});
