import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import { createPythonScript } from "../python/runner.ts";
import { createPythonVirtualenv } from "./runner.ts";

const root = mkdtempSync(join(tmpdir(), "squall-test-virtualenv-"));
const packPath = join(root, "examples");
const settings = settle({
  virtualenvs: join(root, "virtualenvs"),
  packages: { wheels: root },
  killGraceMs: 300,
  drainMs: 300,
});
/** The part of the API that says where a pack lies, to whoever has the execution's token. */
const api = createServer((request, response) => {
  const isKnown = request.headers["x-auth-token"] === "t0ken" && request.url === "/packs/examples";
  response
    .writeHead(isKnown ? 200 : 404)
    .end(JSON.stringify(isKnown ? { path: packPath } : { faultstring: "no such pack" }));
});

before(async () => {
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  // A requirement whose build never ends.
  mkdirSync(join(packPath, "slow"), { recursive: true });
  const backend = '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n';
  writeFileSync(join(packPath, "slow", "pyproject.toml"), backend);
  writeFileSync(join(packPath, "slow", "slow.py"), "import time\ntime.sleep(600)\n");
  writeFileSync(join(packPath, "requirements.txt"), "./slow\n");
});
after(() => {
  api.close();
  rmSync(root, { recursive: true });
});

function aRequest(packs: readonly string[], runnerParameters: object = {}): ReturnType<typeof aJob> {
  const environment = {
    ST2_ACTION_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    ST2_ACTION_AUTH_TOKEN: "t0ken",
  };
  return aJob({
    packPath,
    environment,
    actionParameters: { packs: [...packs] },
    runnerParameters: { ...runnerParameters },
  });
}

test("canceling ends the installer, for whoever waits for the virtualenv", async () => {
  for (const runner of [createPythonVirtualenv(settings), createPythonScript(settings)]) {
    const io = aListener();
    const outcome = runner.run(aRequest(["examples"]), io);
    await io.heard("output", "Processing ./slow");
    io.control.abort("cancel");
    assert.deepEqual(await outcome, { status: "canceled", result: { error: "canceled on request" } }, runner.name);
  }
});

test("setting up ends with its timeout", async () => {
  const outcome = await createPythonVirtualenv(settings).run(aRequest(["examples"], { timeout: 1 }), aListener());
  assert.equal(outcome.status, "timeout");
  assert.equal(outcome.result.error, "Action failed to complete in 1 seconds");
});

test("a pack that nobody knows, or whose name is a path, is named with the API's words", async () => {
  const outcome = await createPythonVirtualenv(settings).run(aRequest(["nobody", "../examples"]), aListener());
  assert.equal(outcome.status, "failed");
  const why = /^pack "nobody": no such pack; register it first .*\n\npack "\.\.\/examples": no such pack/;
  assert.match(String(outcome.result.error), why);
});
