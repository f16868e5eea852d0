import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { aServer, type TestServer } from "./a-server.ts";
import { ROOT } from "./options.ts";

const LIBRARY = join(ROOT, "python");

suite("the Python SDK against a server", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer({ packRoots: [join(ROOT, "packs"), join(LIBRARY, "tests", "packs")] });
    const config = { url: "https://desk.example.org", token: "t" };
    assert.equal((await at.admin("PUT", "/v1/configs/tickets", config)).status, 200);
  });
  after(() => at[Symbol.asyncDispose]());

  test("datastore and client do what they say", async () => {
    const child = spawn("python3", ["-m", "unittest", "tests.against_server"], {
      cwd: LIBRARY,
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        PATH: process.env.PATH,
        PYTHONDONTWRITEBYTECODE: "1",
        ST2_API_URL: `${at.url}/v1`,
        ST2_AUTH_TOKEN: at.adminToken,
        TEST_PASSWORD: at.password,
      },
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    const [status] = await once(child, "close");
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Ran [1-9]\d+ tests/);
  });

  test("a pack's action talks to the server that runs it, with nothing but its execution's token", async () => {
    const run = async (count: number): Promise<Record<string, unknown>> => {
      const made = await at.admin("POST", "/v1/executions", { action: "tickets.digest", parameters: { count } });
      assert.equal(made.status, 201, made.text);
      for (;;) {
        const { json } = await at.admin("GET", `/v1/executions/${made.json.id}`);
        if (json.status === "succeeded") return json.result.result;
        if (!/requested|scheduled|running/.test(json.status)) assert.fail(JSON.stringify(json.result));
      }
    };
    const first = await run(3);
    assert.deepEqual(first, {
      before: null,
      now: "3",
      names: ["tickets.Digest:count"],
      total: "3",
      said: first.said,
      user: "admin",
    });
    assert.match(JSON.stringify(first.said), /3 tickets/);
    assert.equal((await run(4)).before, "3");
  });
});
