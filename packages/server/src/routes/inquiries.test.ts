import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { aServer, type TestServer } from "../a-server.ts";

suite("inquiries over HTTP", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer();
  });
  after(() => at[Symbol.asyncDispose]());

  /** Asks, and resolves with the id once it waits. */
  async function ask(parameters: object = {}): Promise<string> {
    const { json } = await at.admin("POST", "/v1/executions", { action: "core.ask", parameters });
    for (;;) {
      const { status } = (await at.admin("GET", `/v1/executions/${json.id}`)).json;
      if (status === "pending") return json.id;
      assert.match(status, /requested|scheduled|running/);
    }
  }

  test("a question is listed, shown and answered in StackStorm's shapes; secrets of the answer are masked", async () => {
    const schema = { type: "object", properties: { pin: { type: "string", secret: true, required: true } } };
    const id = await ask({ schema, route: "ops", ttl: 7, users: [], roles: [] });
    const other = await ask({ users: ["nobody"] });
    const view = { id, route: "ops", ttl: 7, users: [], roles: [], schema };
    const list = await at.admin("GET", "/v1/inquiries?route=ops");
    assert.deepEqual([list.status, list.json, list.headers.get("x-total-count")], [200, [view], "1"]);
    const mine = (await at.admin("GET", "/v1/inquiries?mine=true&include_attributes=route")).json;
    assert.deepEqual(mine, [{ id, route: "ops" }]);
    assert.equal((await at.admin("GET", "/v1/inquiries")).json.length, 2);
    assert.deepEqual((await at.admin("GET", `/v1/inquiries/${id}`)).json, view);
    const wrong = await at.admin("PUT", `/v1/inquiries/${id}`, { id, response: { pin: 12345678 } });
    assert.deepEqual([wrong.status, wrong.json.code], [400, "inquiry.answer.invalid"]);
    assert.doesNotMatch(wrong.text, /12345678/);
    assert.equal((await at.admin("PUT", `/v1/inquiries/${id}`, { id })).status, 400);
    const put = await at.admin("PUT", `/v1/inquiries/${id}`, { id, response: { pin: "1234" } });
    assert.deepEqual([put.status, put.json], [200, { id, response: { pin: "********" } }]);
    const again = await at.admin("PUT", `/v1/inquiries/${id}`, { id, response: { pin: "1234" } });
    assert.deepEqual([again.status, again.json.code], [400, "inquiry.answered"]);
    const { json, text } = await at.admin("GET", `/v1/executions/${id}`);
    assert.deepEqual([json.status, json.result.response], ["succeeded", { pin: "********" }]);
    assert.doesNotMatch(text, /1234/);
    const refused = await at.admin("PUT", `/v1/inquiries/${other}`, { response: { continue: true } });
    assert.deepEqual([refused.status, refused.json.code], [403, "inquiry.denied"]);
  });

  test("what is no question, or not there, is told apart", async () => {
    const { json } = await at.admin("POST", "/v1/executions", { action: "core.noop" });
    const none = await at.admin("GET", `/v1/inquiries/${json.id}`);
    assert.deepEqual([none.status, none.json.faultstring], [400, `Action execution "${json.id}" is not an inquiry.`]);
    for (const id of ["65f0c0ffee65f0c0ffee0001", "last", "x"]) {
      assert.equal((await at.admin("GET", `/v1/inquiries/${id}`)).status, 404);
      assert.equal((await at.admin("PUT", `/v1/inquiries/${id}`, { response: {} })).status, 404);
    }
  });

  test("an observer sees questions and answers none; nobody in particular sees none", async () => {
    const id = await ask();
    const watcher = await at.user("watcher", ["observer"]);
    assert.equal((await watcher("GET", `/v1/inquiries/${id}`)).status, 200);
    const refused = await watcher("PUT", `/v1/inquiries/${id}`, { response: { continue: true } });
    assert.deepEqual([refused.status, refused.json.code], [403, "http.denied"]);
    assert.equal((await at.anybody("GET", "/v1/inquiries")).status, 401);
    const canceled = await at.admin("DELETE", `/v1/executions/${id}`);
    assert.deepEqual([canceled.status, canceled.json.status], [200, "canceled"]);
  });
});
