import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createClient } from "./client.ts";
import { ClientError } from "./client-error.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that answers as it is told; stopped with the test. */
async function peer(t: TestContext, answer: Answer): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url}`);
      answer(request, response, body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function json(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

test("lists carry the total the server tells, and credentials go into StackStorm's headers", async (t) => {
  const { url, seen } = await peer(t, (request, response) => {
    assert.equal(request.headers["st2-api-key"], "k1");
    json(response, 200, [{ ref: "core.local" }], { "x-total-count": "17" });
  });
  const listed = await createClient({ url, apiKey: "k1" }).actions.list({
    pack: "core",
    include_attributes: ["ref", "pack"],
  });
  assert.deepEqual(listed, { items: [{ ref: "core.local" }], total: 17 });
  assert.deepEqual(seen, ["GET /v1/actions?pack=core&include_attributes=ref%2Cpack"]);
});

test("an address with /v1, with /api or without a scheme leads to the same services", async (t) => {
  const { url, seen } = await peer(t, (_, response) => json(response, 201, { token: "t" }));
  for (const given of [url, `${url}/v1/`, `${url}/api`, `${url}/api/v1`, url.slice("http://".length)]) {
    const client = createClient({ url: given });
    await client.login("admin", "pässword");
    await client.whoami();
  }
  const paths = (prefix: string): string[] => [`POST /auth/v1/tokens`, `GET ${prefix}/v1/user`];
  assert.deepEqual(seen, [...paths(""), ...paths(""), ...paths("/api"), ...paths("/api"), ...paths("")]);
});

test("a refused call throws an error of its kind with the server's words, code and a hint", async (t) => {
  const cases = [
    [400, "invalid"],
    [401, "unauthenticated"],
    [403, "denied"],
    [404, "not-found"],
    [409, "conflict"],
    [413, "too-large"],
    [429, "too-many"],
    [500, "server"],
  ] as const;
  const { url } = await peer(t, (request, response) =>
    json(response, Number(request.url?.slice(-3)), { faultstring: "because", code: "some.code", extra: 1 }),
  );
  for (const [status, kind] of cases) {
    await assert.rejects(createClient({ url, token: "x" }).call(`/${status}`), (error) => {
      assert(error instanceof ClientError);
      assert.deepEqual([error.kind, error.status, error.message, error.code], [kind, status, "because", "some.code"]);
      assert.equal(error.fields.extra, 1);
      return true;
    });
  }
  await assert.rejects(createClient({ url }).call("/401"), { hint: /sign in with `squall login`/ });
  await assert.rejects(createClient({ url, token: "old" }).call("/401"), { hint: /sign in again/ });
});

test("nobody at the address is said with what to do", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  await assert.rejects(createClient({ url: `127.0.0.1:${port}` }).whoami(), {
    kind: "unreachable",
    message: `no Squall answers at http://127.0.0.1:${port}`,
    hint: /squall server/,
  });
});

test("something that is not Squall is told from Squall", async (t) => {
  const { url } = await peer(t, (request, response) => {
    if (request.url === "/v1/user") response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    else if (request.url === "/v1/packs") json(response, 200, { items: [] });
    else response.writeHead(302, { location: "https://elsewhere.example/" }).end();
  });
  const client = createClient({ url, token: "secret" });
  await assert.rejects(client.whoami(), { kind: "protocol" });
  await assert.rejects(client.packs.list(), { kind: "protocol" });
  await assert.rejects(client.rules.list(), { kind: "protocol", message: /redirects to https:\/\/elsewhere/ });
  assert.throws(() => createClient({ url: "ftp://x" }), { kind: "invalid" });
});

test("a server that does not answer in time is given up, and an abort throws its own reason", async (t) => {
  const { url } = await peer(t, () => undefined);
  await assert.rejects(createClient({ url, timeoutMs: 30 }).whoami(), { kind: "timed-out" });
  const reason = new Error("left");
  const leaving = new AbortController();
  const asked = assert.rejects(createClient({ url, signal: leaving.signal }).whoami(), reason);
  leaving.abort(reason);
  await asked;
});

test("refs, ids and key names cannot leave their place in the path; a hook's slashes stay", async (t) => {
  const { url, seen } = await peer(t, (_, response) => json(response, 200, {}));
  const client = createClient({ url });
  await client.getKey("../packs?x=#y");
  await client.sendWebhook("/a b/c/", "{}", "application/json");
  assert.deepEqual(seen, ["GET /v1/keys/..%2Fpacks%3Fx%3D%23y", "POST /v1/webhooks/a%20b/c"]);
});

test("canceling what cannot be canceled is a conflict, though StackStorm answers 200", async (t) => {
  const faultstring = "Action cannot be canceled. State = succeeded.";
  const { url } = await peer(t, (_, response) => json(response, 200, { faultstring }));
  await assert.rejects(createClient({ url }).executions.cancel("1"), { kind: "conflict", message: faultstring });
});

test("a reconnecting stream goes on after a break and says when it is connected", async (t) => {
  let connections = 0;
  const { url } = await peer(t, (_, response) => {
    connections += 1;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`\n: hello\n\nevent: st2.execution__update\ndata: {"n": ${connections}}\n\n`, () =>
      response.destroy(),
    );
  });
  const leaving = new AbortController();
  let connected = 0;
  const numbers: unknown[] = [];
  const events = createClient({ url }).stream(
    { events: ["st2.execution__update"] },
    { reconnect: true, signal: leaving.signal, onConnect: () => (connected += 1) },
  );
  for await (const { event, data } of events) {
    assert.equal(event, "st2.execution__update");
    numbers.push((data as { n: number }).n);
    if (numbers.length === 2) leaving.abort();
  }
  assert.deepEqual(numbers, [1, 2]);
  assert.equal(connected, 2);
});

test("a stream that is refused ends with the refusal even when it would reconnect", async (t) => {
  const { url, seen } = await peer(t, (_, response) => json(response, 401, { faultstring: "no" }));
  await assert.rejects(
    async () => {
      for await (const _ of createClient({ url }).stream({}, { reconnect: true })) assert.fail("no event was sent");
    },
    { kind: "unauthenticated" },
  );
  assert.equal(seen.length, 1);
});

test("output that ends without EOF is an error, so that nobody takes a broken stream for the whole", async (t) => {
  const { url } = await peer(t, (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end('event: st2.execution.output__create\ndata: {"output_type": "stdout", "data": "x"}\n\n');
  });
  const got: string[] = [];
  await assert.rejects(
    async () => {
      for await (const { data } of createClient({ url }).executions.outputEvents("1")) got.push(data);
    },
    { kind: "unreachable" },
  );
  assert.deepEqual(got, ["x"]);
});
