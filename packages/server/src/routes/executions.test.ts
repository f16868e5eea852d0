import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { after, before, suite, test } from "node:test";
import { aServer, completed, type TestServer } from "../a-server.ts";

suite("executions over HTTP", () => {
  let at: TestServer;
  const local = (cmd: string, more: Record<string, unknown> = {}) =>
    at.admin("POST", "/v1/executions", { action: "core.local", parameters: { cmd, ...more } });
  before(async () => {
    at = await aServer();
  });
  after(() => at[Symbol.asyncDispose]());

  test("an action runs and its result, output and status can be read", async () => {
    const made = await local("echo out; echo err >&2");
    assert.equal(made.status, 201);
    const { id } = made.json;
    const done = await completed(at.admin, id);
    assert.equal(done.status, "succeeded");
    assert.equal((await at.admin("GET", `/v1/executions/${id}/output?output_type=stdout`)).text, "out\n");
    assert.equal((await at.admin("GET", `/v1/executions/${id}/result`)).json.stderr, "err");
    assert.equal((await at.admin("GET", `/v1/executions/${id}/attribute/status`)).json, "succeeded");
    const { headers, status } = await at.admin("GET", `/v1/executions/${id}/result?download=true`);
    assert.equal(status, 200);
    assert.equal(headers.get("content-disposition"), `attachment; filename=execution_${id}_result.json`);
    const packed = await fetch(`${at.url}/v1/executions/${id}/result?compress=1`, { headers: at.admin.headers });
    assert.equal(JSON.parse(gunzipSync(Buffer.from(await packed.arrayBuffer())).toString()).stdout, "out");
    assert.equal((await at.admin("GET", `/v1/executions/${id}/attribute/context`)).status, 400);
    assert.equal((await at.admin("GET", "/v1/executions/last")).json.id, id);
  });

  test("where it runs and how soon can be asked for, is checked, and is shown", async () => {
    const ask = (more: Record<string, unknown>) => at.admin("POST", "/v1/executions", { action: "core.noop", ...more });
    const made = await ask({ where: { site: "edge" }, priority: 7 });
    assert.deepEqual([made.status, made.json.status], [201, "requested"]);
    const { json } = await at.admin("GET", `/v1/executions/${made.json.id}?include_attributes=where,priority,status`);
    assert.deepEqual(json, { id: made.json.id, where: { site: "edge" }, priority: 7, status: "requested" });
    const plain = await completed(at.admin, (await ask({})).json.id);
    assert.ok(!("where" in plain) && !("priority" in plain));
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ where: { gpu: true } }, /gpu/],
      [{ where: { "two words": "x" } }, /'two words' is no name of a label/],
      [{ where: ["site"] }, /where/],
      [{ priority: 101 }, /101 is greater than the maximum of 100/],
      [{ priority: "high" }, /priority/],
    ];
    for (const [given, message] of wrong) {
      const { status, json: refusal } = await ask(given);
      assert.equal(status, 400);
      assert.match(refusal.faultstring, message);
    }
    const again = await at.admin("POST", `/v1/executions/${made.json.id}/re_run`, {});
    assert.deepEqual([again.json.where, again.json.priority], [{ site: "edge" }, 7]);
    for (const { id } of [made.json, again.json]) await at.admin("DELETE", `/v1/executions/${id}`);
  });

  test("a large result is left out when asked to", async () => {
    const { json } = await local("seq 1 1000");
    await completed(at.admin, json.id);
    const small = await at.admin("GET", `/v1/executions/${json.id}?max_result_size=100`);
    assert.ok(!("result" in small.json) && small.json.result_size > 1000);
    assert.equal((await at.admin("GET", `/v1/executions/${json.id}?max_result_size=99999999`)).status, 400);
  });

  test("lists filter by every name of the reference", async () => {
    const { json: made } = await at.admin("POST", "/v1/executions", { action: "core.noop" });
    const done = await completed(at.admin, made.id);
    const count = async (query: string) => {
      const answer = await at.admin("GET", `/v1/executions?${query}&include_attributes=id`);
      assert.equal(answer.status, 200, `${query} ${answer.text}`);
      return answer.json.filter((one: { id: string }) => one.id === made.id).length;
    };
    const hits = [
      `id=${made.id},${"0".repeat(24)}`,
      "status=succeeded",
      "status=failed,succeeded",
      "action=core.noop",
      "runner=noop",
      "user=admin",
      `liveaction=${done.liveaction.id}`,
      "parent=null",
      "rule=null",
      "trigger_instance=None",
      `timestamp_gt=2020-01-01T00:00:00Z`,
      `timestamp_lt=2100-01-01T00:00:00Z`,
      "timestamp=2020-01-01T00:00:00Z..2100-01-01T00:00:00Z&limit=100",
      "filter=action.ref:core.noop%20status:succeeded,failed",
      "filter=context.user:admin",
      "status=",
      "nonsense=1",
    ];
    for (const query of hits) assert.equal(await count(query), 1, query);
    const misses = [
      "status=failed",
      "action=core.local",
      "parent=last",
      "user=nobody",
      "rule=none_such",
      "filter=action:core.local",
    ];
    for (const query of misses) assert.equal(await count(query), 0, query);
    for (const query of ["status=done", "timestamp_gt=yesterday", "filter=x", "filter=nope:1", "filter=action:a,b"]) {
      assert.equal((await at.admin("GET", `/v1/executions?${query}`)).status, 400, query);
    }
  });

  test("lists are sorted the way they are asked for", async () => {
    for (let n = 0; n < 3; n++) await at.admin("POST", "/v1/executions", { action: "core.noop" });
    const ids = async (query: string) =>
      (await at.admin("GET", `/v1/executions?include_attributes=id&limit=100${query}`)).json.map(
        (one: { id: string }) => one.id,
      );
    const newest = await ids("");
    assert.deepEqual(await ids("&sort_desc=True"), newest);
    assert.deepEqual(await ids("&sort_asc=True"), newest.toReversed());
    assert.deepEqual(await ids("&sort=%2Bstart_timestamp"), newest.toReversed());
    assert.deepEqual(await ids("&sort=-start_timestamp"), newest);
  });

  test("a running action is canceled; one that ended says it cannot be, with 200 as StackStorm does", async () => {
    const { json } = await local("sleep 60");
    const canceled = await at.admin("DELETE", `/v1/executions/${json.id}`);
    assert.equal(canceled.status, 200);
    assert.ok(["canceling", "canceled"].includes(canceled.json.status));
    assert.equal((await completed(at.admin, json.id)).status, "canceled");
    const late = await at.admin("DELETE", `/v1/executions/${json.id}`);
    assert.deepEqual([late.status, late.json.faultstring], [200, "Action cannot be canceled. State = canceled."]);
    const put = await at.admin("PUT", `/v1/executions/${json.id}`, { status: "canceled" });
    assert.deepEqual([put.status, put.json.faultstring], [400, "Execution is already in completed state."]);
    assert.equal((await at.admin("PUT", `/v1/executions/${json.id}`, { status: "cancelled" })).status, 400);
  });

  test("an action runs again with the old parameters under the new ones", async () => {
    const { json } = await local("echo $A$B", { env: { A: "1", B: "2" } });
    await completed(at.admin, json.id);
    const again = await at.admin("POST", `/v1/executions/${json.id}/re_run`, { parameters: { env: { A: "3" } } });
    assert.equal(again.status, 201);
    assert.equal((await completed(at.admin, again.json.id)).result.stdout, 3, "stdout that is JSON is read as such");
    assert.equal((await at.admin("POST", `/v1/executions/${json.id}/re_run`, { tasks: ["x"] })).status, 400);
  });

  test("what an old run was given is no template when it runs again", async () => {
    const { json } = await local('echo "$A"', { env: { A: "{% raw %}{{ 7 * 7 }}{% endraw %}" } });
    assert.equal((await completed(at.admin, json.id)).result.stdout, "{{ 7 * 7 }}");
    const again = await at.admin("POST", `/v1/executions/${json.id}/re_run`, {
      parameters: { timeout: "{{ 20 + 2 }}" },
    });
    assert.equal(again.status, 201, again.text);
    const { parameters, result } = await completed(at.admin, again.json.id);
    assert.deepEqual([result.stdout, parameters.timeout], ["{{ 7 * 7 }}", 22]);
  });

  test("templates read the keys of who asks, whatever the context says, also when it runs again", async () => {
    await at.admin("PUT", "/v1/keys/mine?scope=user", { value: "the administrator's" });
    const bob = await at.user("bob-of-contexts");
    const body = { action: "core.local", parameters: { cmd: "echo {{ st2kv.user.mine }}" } };
    const context = { api_user: "admin" };
    const refusals = [
      await bob("POST", "/v1/executions", { ...body, context }),
      await bob("POST", "/v1/executions", body, { "st2-context": JSON.stringify(context) }),
      await bob("POST", "/v1/executions", { ...body, context: { api_user: ["admin"] } }),
    ];
    assert.deepEqual(
      refusals.map((one) => [one.status, one.json.code]),
      refusals.map(() => [403, "execution.user.denied"]),
    );
    const { json } = await at.admin("POST", "/v1/executions", { ...body, context });
    const { parameters } = body;
    const again = await bob("POST", `/v1/executions/${json.id}/re_run`, { parameters });
    assert.doesNotMatch(again.text, /the administrator's/);
  });

  test("children are those that ran with the parent's token or name", async () => {
    const { json: parent } = await at.admin("POST", "/v1/executions", { action: "core.noop" });
    const context = { parent: { execution_id: parent.id } };
    const { json: child } = await at.admin("POST", "/v1/executions", { action: "core.noop", context });
    const { json } = await at.admin("GET", `/v1/executions/${parent.id}/children/?depth=-1`);
    assert.deepEqual(
      json.map((one: { id: string }) => one.id),
      [child.id],
    );
  });

  test("what cannot run is refused with the reason and leaves nothing", async () => {
    const total = async () => (await at.admin("GET", "/v1/executions?limit=1")).headers.get("x-total-count");
    const before = await total();
    const refusals: [unknown, RegExp][] = [
      [{}, /'action' is a required property/],
      [{ action: "no.such" }, /no\.such/],
      [{ action: "core.local" }, /cmd/],
      [{ action: "core.local", parameters: { cmd: "x", cdm: "y" } }, /cdm/],
      [{ action: "core.local", parameters: { cmd: "x", timeout: "soon" } }, /timeout|soon/],
      [{ action: "core.local", parameters: { cmd: "{{ cmd }}" } }, /cycl|circular|cmd/i],
      [{ action: "core.noop", delay: -1 }, /delay/],
    ];
    for (const [body, reason] of refusals) {
      const { status, json } = await at.admin("POST", "/v1/executions", body);
      assert.equal(status, 400, JSON.stringify(body));
      assert.match(json.faultstring, reason);
    }
    const header = await at.admin("POST", "/v1/executions", { action: "core.noop" }, { "st2-context": "{" });
    assert.equal(header.status, 400);
    assert.equal(await total(), before);
  });

  test("an id that is none is 404", async () => {
    for (const id of ["x", "0".repeat(24), "%00", "..%2f"]) {
      assert.equal((await at.admin("GET", `/v1/executions/${id}`)).status, 404, id);
      assert.equal((await at.admin("DELETE", `/v1/executions/${id}`)).status, 404, id);
    }
  });

  test("the values of filters are those in use", async () => {
    const { json } = await at.admin("GET", "/v1/executions/views/filters?types=action,user");
    assert.deepEqual(Object.keys(json), ["action", "user"]);
    assert.ok(json.action.includes("core.noop"));
  });
});
