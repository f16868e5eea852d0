import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { connect } from "node:net";
import { once } from "node:events";
import { aServer, callerOf, type TestServer } from "../a-server.ts";

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly "x-verb": string;
}

suite("the API's conventions", () => {
  let at: TestServer;
  before(async () => {
    at = await aServer({ bodyLimitBytes: 100_000 });
  });
  after(() => at[Symbol.asyncDispose]());

  test("a path answers with and without its version, below its service's prefix, with a slash at its end", async () => {
    for (const path of [
      "/v1/actions",
      "/actions",
      "/api/v1/actions",
      "/api/actions/",
      "/v1/actions///",
      "/auth/v1/actions",
    ]) {
      const { status, json } = await at.admin("GET", path);
      assert.equal(status, 200, path);
      assert.ok(Array.isArray(json), path);
    }
    assert.equal((await at.admin("GET", "/v1/actionexecutions")).status, 200);
  });

  test("nothing but health, login and the landing page answers without credentials", async () => {
    const { json: document } = await at.admin("GET", "/v1/openapi.json");
    const open: string[] = [];
    for (const [path, operations] of Object.entries<Record<string, unknown>>(document.paths)) {
      for (const method of Object.keys(operations)) {
        const body = path === "/v1/tokens/validate" ? { token: "x" } : undefined;
        const { status } = await at.anybody(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "x"), body);
        if (status !== 401) open.push(`${method} ${path} ${status}`);
      }
    }
    assert.deepEqual(open.toSorted(), [
      "get / 200",
      "get /v1/health 200",
      "get /v1/health/live 200",
      "get /v1/health/ready 200",
      "get /v1/sso 200",
    ]);
  });

  test("an unknown path is 404, a wrong method 405 with those that would do", async () => {
    const unknown = await at.admin("GET", "/v1/nothing/here");
    assert.equal(unknown.status, 404);
    assert.match(unknown.json.faultstring, /nothing\/here/);
    const wrong = await at.admin("DELETE", "/v1/actions");
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get("allow"), "GET, POST, OPTIONS");
    for (const method of ["HEAD", "PATCH"]) assert.equal((await at.admin(method, "/v1/actions")).status, 405);
    assert.equal((await at.anybody("OPTIONS", "/v1/no/such/path")).status, 200);
  });

  test("a request id is echoed when it is harmless, else made", async () => {
    const echoed = await at.admin("GET", "/v1/user", undefined, { "X-Request-ID": "abc-1" });
    assert.equal(echoed.headers.get("x-request-id"), "abc-1");
    for (const path of ["/v1/user", "/v1/nothing", "/health"]) {
      const { headers } = await at.admin("GET", path);
      assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    }
    const long = await at.admin("GET", "/v1/user", undefined, { "X-Request-ID": "a".repeat(300) });
    assert.notEqual(long.headers.get("x-request-id"), "a".repeat(300));
  });

  test("pages of allowed origins may read answers", async () => {
    const origin = "http://127.0.0.1:3000";
    const { headers } = await at.admin("GET", "/v1/user", undefined, { Origin: origin });
    assert.equal(headers.get("access-control-allow-origin"), origin);
    assert.match(headers.get("access-control-expose-headers") ?? "", /X-Total-Count/);
    const other = await at.admin("GET", "/v1/user", undefined, { Origin: "https://evil.example" });
    assert.equal(other.headers.get("access-control-allow-origin"), origin);
  });

  test("lists are pages with their totals", async () => {
    const all = await at.admin("GET", "/v1/actions");
    assert.equal(all.headers.get("x-limit"), null);
    assert.equal(Number(all.headers.get("x-total-count")), all.json.length);
    const page = await at.admin("GET", "/v1/actions?limit=2&offset=1");
    assert.equal(page.headers.get("x-limit"), "2");
    assert.equal(page.headers.get("x-total-count"), all.headers.get("x-total-count"));
    assert.deepEqual(page.json, all.json.slice(1, 3));
  });

  test("a limit of 0, below -1, or no number is refused, and a large one is for administrators", async () => {
    const user = await at.user("pager");
    for (const limit of ["0", "-2", "x", "1.5"]) {
      assert.equal((await at.admin("GET", `/v1/actions?limit=${limit}`)).status, 400, limit);
    }
    for (const limit of ["101", "-1"]) {
      assert.equal((await user("GET", `/v1/actions?limit=${limit}`)).status, 403, limit);
      assert.equal((await at.admin("GET", `/v1/actions?limit=${limit}`)).status, 200, limit);
    }
    assert.equal((await user("GET", "/v1/actions?limit=100")).status, 200);
    assert.equal((await at.admin("GET", "/v1/actions?offset=2147483648")).status, 400);
    const { json } = await user("GET", "/v1/actions?limit=500");
    assert.equal(json.faultstring, 'Limit "500" specified, maximum value is "100"');
  });

  test("attributes can be chosen, inside others too, and unknown ones are named", async () => {
    const chosen = await at.admin(
      "GET",
      "/v1/actions?include_attributes=name,parameters.cmd.type&pack=core&name=local",
    );
    assert.deepEqual(Object.keys(chosen.json[0]).toSorted(), ["id", "name", "parameters", "ref"]);
    const left = await at.admin("GET", "/v1/actions/core.local?exclude_attributes=parameters");
    assert.ok(!("parameters" in left.json) && left.json.name === "local");
    for (const [query, message] of [
      ["include_attributes=nope", "Invalid or unsupported include attribute specified: nope"],
      ["exclude_attributes=name", "Invalid or unsupported exclude attribute specified: name"],
    ] as const) {
      const { status, json } = await at.admin("GET", `/v1/actions?${query}`);
      assert.deepEqual([status, json.faultstring], [400, message]);
    }
    assert.equal((await at.admin("GET", "/v1/actions?include_attributes=name&exclude_attributes=notify")).status, 400);
  });

  test("a flag is true, false, or refused by name", async () => {
    for (const word of ["true", "1", "YES", "y"]) {
      assert.equal((await at.admin("GET", `/v1/rules?enabled=${word}`)).status, 200);
    }
    const { status, json } = await at.admin("GET", "/v1/rules?enabled=maybe");
    assert.deepEqual([status, json.faultstring], [400, 'Parameter "enabled" is not of type boolean']);
  });

  test("a body that is not JSON, not UTF-8, too deep, too large or of another type is refused with the reason", async () => {
    const post = (body: string | Uint8Array, type = "application/json") =>
      at.admin("POST", "/v1/executions", body, { "Content-Type": type });
    const broken = await post("{broken");
    assert.equal(broken.status, 400);
    assert.match(broken.json.faultstring, /^Failed to parse request body: /);
    const latin = await post(Uint8Array.from([0x22, 0xe4, 0x22]));
    assert.match(latin.json.faultstring, /^Failed to parse request body: it is not UTF-8/);
    assert.equal((await post("[".repeat(5000))).status, 400);
    const infinite = await post('{"action": "core.local", "parameters": {"cmd": "true", "timeout": 1e400}}');
    assert.match(infinite.json.faultstring, /a number is too large/);
    const type = await post("<a/>", "application/xml");
    assert.equal(type.status, 400);
    assert.match(type.json.faultstring, /^Unsupported Content-Type: "application\/xml"/);
    const large = await post(`"${"x".repeat(200_000)}"`);
    assert.equal(large.status, 413);
    assert.match(large.json.faultstring, /100000 bytes/);
  });

  test("a body over the limit is refused before it is sent", async () => {
    const { hostname, port } = new URL(at.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const token = at.admin.headers["X-Auth-Token"];
    socket.write(
      `POST /v1/executions HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${token}\r\nContent-Length: 999999999\r\n\r\n{`,
    );
    const [data] = await once(socket, "data");
    socket.destroy();
    assert.match(String(data), /^HTTP\/1\.1 413 /);
  });

  test("a chunked body over the limit is refused when it passes it", async () => {
    const { hostname, port } = new URL(at.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    await once(socket, "connect");
    const token = at.admin.headers["X-Auth-Token"];
    socket.write(
      `POST /v1/executions HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (let sent = 0; sent < 20; sent++) socket.write(`2710\r\n${"x".repeat(10_000)}\r\n`);
    const [data] = await once(socket, "data");
    socket.destroy();
    assert.match(String(data), /^HTTP\/1\.1 413 /);
  });

  test("who sends on after the answer to a body over the limit can read that answer", async () => {
    const { hostname, port } = new URL(at.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write(
      `POST /v1/executions HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${at.adminToken}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    let answer = "";
    const seen = { reset: false };
    socket.on("data", (data: Buffer) => (answer += data));
    socket.on("error", () => (seen.reset = true));
    const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    for (let sent = 0; sent < 20 && !seen.reset; sent++) await new Promise((resolve) => socket.write(chunk, resolve));
    socket.end("0\r\n\r\n");
    await once(socket, "close");
    assert.equal(seen.reset, false);
    assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*100000 bytes/);
  });

  test("what is not HTTP is answered in the same shape", async () => {
    const { hostname, port } = new URL(at.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    socket.write("\x16\x03\x01 hello\r\n\r\n");
    const [data] = await once(socket, "data");
    socket.destroy();
    assert.match(String(data), /^HTTP\/1\.1 400 [\s\S]*"faultstring"/);
  });

  test("a request without a host is answered, one with a wrong host refused in the same shape", async () => {
    const { hostname, port } = new URL(at.url);
    for (const [head, status] of [
      ["GET /v1/user HTTP/1.0", 200],
      ["GET /v1/user HTTP/1.1\r\nHost: a b", 400],
      ["GET /v1/user HTTP/1.1\r\nHost: [x", 400],
      ["GET /v1/user HTTP/1.1\r\nHost: x/../y", 400],
      ["GET /v1\\user HTTP/1.1\r\nHost: x", 404],
      ["GET /v1/webhooks/../user HTTP/1.1\r\nHost: x", 404],
      ["GET /v1/keys/%2E./user HTTP/1.1\r\nHost: x", 404],
      ["POST /v1/webhooks/.. HTTP/1.1\r\nHost: x\r\nContent-Length: 0", 404],
      ["GET /v1/packs/views/file/core/../../../../etc/passwd HTTP/1.1\r\nHost: x", 404],
      ["GET http://elsewhere/v1/user HTTP/1.1\r\nHost: x", 404],
      ["GET /v1/actions/%c0%80 HTTP/1.1\r\nHost: x", 404],
      ["POST /v1/webhooks/%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 0", 404],
    ] as const) {
      const socket = connect(Number(port), hostname);
      await once(socket, "connect");
      socket.write(`${head}\r\nX-Auth-Token: ${at.adminToken}\r\n\r\n`);
      const [data] = await once(socket, "data");
      socket.destroy();
      assert.match(String(data), new RegExp(`^HTTP/1.1 ${status} `), head);
      if (status >= 400) assert.match(String(data), /"faultstring"/, head);
    }
  });

  test("unknown fields of a body are named, with what was probably meant", async () => {
    const { status, json } = await at.admin("POST", "/v1/executions", { action: "core.noop", paramters: {} });
    assert.equal(status, 400);
    assert.match(json.faultstring, /'paramters' was unexpected\); did you mean "parameters"\?/);
    assert.equal(json.code, "http.body.unknown-field");
    assert.deepEqual(json.at, { field: "paramters" });
  });

  test("a wrong type is named with its field, and null is as if not given", async () => {
    const wrong = await at.admin("POST", "/v1/executions", { action: "core.noop", parameters: "x" });
    assert.equal(wrong.status, 400);
    assert.match(wrong.json.faultstring, /^parameters: 'x' is not of type 'object'/);
    const nulls = { action: "core.noop", user: null, delay: null, notify: null };
    assert.equal((await at.admin("POST", "/v1/executions", nulls)).status, 201);
  });

  test("__proto__ in a body or among attributes is a name like any other", async () => {
    const body = '{"action": "core.noop", "__proto__": {"user": "x"}}';
    assert.equal((await at.admin("POST", "/v1/executions", body)).status, 400);
    assert.equal((await at.admin("GET", "/v1/actions?include_attributes=__proto__")).status, 400);
    assert.equal(({} as Record<string, unknown>).user, undefined);
  });

  test("the OpenAPI document names verb and resource of every operation and has unique ids", async () => {
    const { json } = await at.admin("GET", "/openapi.json");
    assert.equal(json.openapi, "3.1.0");
    const ids = new Set<string>();
    for (const operations of Object.values<Record<string, Operation>>(json.paths)) {
      for (const operation of Object.values(operations)) {
        assert.ok(operation["x-verb"] && operation.tags.length === 1);
        assert.ok(!ids.has(operation.operationId), operation.operationId);
        ids.add(operation.operationId);
      }
    }
    assert.ok(ids.size > 80);
  });

  test("health says how the parts are, and nothing about the machine", async () => {
    const { status, json, text } = await at.anybody("GET", "/health");
    assert.equal(status, 200);
    assert.equal(json.ok, true);
    assert.ok(!text.includes(at.directory));
  });

  test("a browser gets a page, a program JSON", async () => {
    const page = await callerOf(at.url, { Accept: "text/html" })("GET", "/");
    assert.match(page.text, /<h1>Squall/);
    assert.equal((await at.anybody("GET", "/")).json.name, "Squall");
  });
});
