import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import { createHttpRequest } from "./runner.ts";

const runner = createHttpRequest(settle({ serviceEnvironment: {}, responseBytes: 100_000, version: "1.2" }));
const run = (runnerParameters: object, actionParameters: object = {}, io = aListener()) =>
  runner.run(aJob({ runnerParameters: { ...runnerParameters }, actionParameters: { ...actionParameters } }), io);

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Answer = (request: Seen, response: ServerResponse) => void;

async function aServer(t: TestContext, answer: Answer): Promise<{ url: string; seen: Seen[]; server: Server }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server };
}

const json: Answer = (_request, response) =>
  response
    .writeHead(200, { "Content-Type": "application/json; charset=utf-8", "X-Some": ["a", "b"] })
    .end('{"ok": true}');

test("a GET comes back with status, decoded JSON and headers as the server wrote them", async (t) => {
  const { url, seen } = await aServer(t, json);
  const outcome = await run({ url: `${url}/p?x=1` }, { params: { a: [1, 2], b: null, c: "é" } });
  assert.equal(outcome.status, "succeeded");
  assert.equal(outcome.result.status_code, 200);
  assert.deepEqual(outcome.result.body, { ok: true });
  assert.equal(outcome.result.parsed, true);
  const headers = outcome.result.headers as Record<string, string>;
  assert.equal(headers["Content-Type"], "application/json; charset=utf-8");
  assert.equal(headers["X-Some"], "a, b");
  assert.equal(seen[0]?.method, "GET");
  assert.equal(seen[0]?.url, "/p?x=1&a=1&a=2&c=%C3%A9");
  assert.equal(seen[0]?.headers["user-agent"], "st2/v1.2");
  assert.equal(seen[0]?.headers["x-stanley-action"], "one");
});

test("a body makes it a POST, and JSON bodies are re-encoded from JSON or Python", async (t) => {
  const { url, seen } = await aServer(t, json);
  const headers = { "content-type": "Application/JSON", "Content-Length": "3" };
  await run({ url, headers }, { body: '{ "a" : 12345678901234567890 }' });
  await run({ url, headers }, { body: "{'a': True, 'b': None}" });
  await run({ url }, { body: "as it is", method: "put" });
  assert.deepEqual(
    seen.map((one) => [one.method, one.body]),
    [
      ["POST", '{"a":12345678901234567890}'],
      ["POST", '{"a":true,"b":null}'],
      ["PUT", "as it is"],
    ],
  );
  await assert.rejects(run({ url, headers }, { body: "neither" }), { code: "runner.http.body-not-json" });
});

test("a file goes as multipart form", async (t) => {
  const { url, seen } = await aServer(t, json);
  await run({ url }, { file_name: 'a"b.txt', file_content: "text", file_content_type: "text/plain" });
  assert.equal(seen[0]?.method, "POST");
  assert.match(seen[0]?.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/);
  assert.match(
    seen[0]?.body ?? "",
    /name="a%22b\.txt"; filename="a%22b\.txt"\r\nContent-Type: text\/plain\r\n\r\ntext\r\n/,
  );
});

test("cookies, header values and basic authentication are sent", async (t) => {
  const { url, seen } = await aServer(t, json);
  await run({ url, cookies: { a: 1, b: "x" }, headers: { "X-Number": 5 }, username: "u", password: "p:w" });
  assert.equal(seen[0]?.headers.cookie, "a=1; b=x");
  assert.equal(seen[0]?.headers["x-number"], "5");
  assert.equal(seen[0]?.headers.authorization, `Basic ${Buffer.from("u:p:w").toString("base64")}`);
});

test("a status outside 200 to 206 fails with the whole result", async (t) => {
  const { url } = await aServer(t, (_request, response) => response.writeHead(404).end("gone"));
  const outcome = await run({ url });
  assert.deepEqual([outcome.status, outcome.result.status_code, outcome.result.body], ["failed", 404, "gone"]);
});

test("redirects are followed only when asked, and credentials do not follow to another server", async (t) => {
  const other = await aServer(t, json);
  const first = await aServer(t, (request, response) => {
    const location = request.url === "/away" ? `${other.url}/there` : "/away";
    response.writeHead(302, { Location: location, "Set-Cookie": "s=1; Path=/" }).end();
  });
  const stays = await run({ url: first.url });
  assert.deepEqual([stays.status, stays.result.status_code], ["failed", 302]);
  const parameters = { url: first.url, allow_redirects: true, username: "u", password: "p", cookies: { c: "1" } };
  const outcome = await run(parameters, { body: "x" });
  assert.equal(outcome.status, "succeeded");
  assert.equal(first.seen[2]?.headers.cookie, "c=1; s=1");
  assert.deepEqual(
    other.seen.map((one) => [one.method, one.url, one.headers.authorization, one.headers.cookie]),
    [["GET", "/there", undefined, undefined]],
  );
});

test("redirects without an end are given up", async (t) => {
  const { url, seen } = await aServer(t, (_request, response) => response.writeHead(302, { Location: "/" }).end());
  await assert.rejects(run({ url, allow_redirects: true }), { code: "runner.http.redirects" });
  assert.equal(seen.length, 31);
});

test("black- and whitelist hold for the first host and for every redirect", async (t) => {
  const { url, seen } = await aServer(t, (_request, response) =>
    response.writeHead(302, { Location: "http://localhost:1/" }).end(),
  );
  await assert.rejects(run({ url, url_hosts_blacklist: ["127.0.0.1"] }), { code: "runner.http.blacklisted" });
  await assert.rejects(run({ url, url_hosts_blacklist: ["0x7f.1"] }), { code: "runner.http.blacklisted" });
  await assert.rejects(run({ url, url_hosts_whitelist: ["example.com"] }), { code: "runner.http.not-whitelisted" });
  await assert.rejects(run({ url: "http://[::1]:1/", url_hosts_blacklist: ["::1"] }), {
    code: "runner.http.blacklisted",
  });
  assert.equal(seen.length, 0);
  await assert.rejects(run({ url, allow_redirects: true, url_hosts_blacklist: ["LOCALHOST"] }), {
    code: "runner.http.blacklisted",
  });
  await assert.rejects(run({ url, url_hosts_blacklist: ["a"], url_hosts_whitelist: ["b"] }), {
    code: "runner.http.two-lists",
  });
});

test("packed answers are unpacked, and none grows over the bound", async (t) => {
  const { url } = await aServer(t, (request, response) => {
    const size = request.url === "/bomb" ? 10_000_000 : 1000;
    response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(Buffer.alloc(size, "a")));
  });
  assert.equal((await run({ url })).result.body, "a".repeat(1000));
  await assert.rejects(run({ url: `${url}/bomb` }), { code: "runner.http.response-too-large" });
});

test("text is read in its charset, and bytes that are no UTF-8 are kept as Latin-1", async (t) => {
  const { url } = await aServer(t, (request, response) =>
    response
      .writeHead(200, { "Content-Type": request.url === "/named" ? "text/plain; charset=iso-8859-15" : "text/plain" })
      .end(Buffer.from([0xa4, 0xe9])),
  );
  assert.equal((await run({ url: `${url}/named` })).result.body, "€é");
  assert.equal((await run({ url })).result.body, "¤é");
});

test("an answer that does not come in time ends with status timeout", async (t) => {
  const { url } = await aServer(t, () => {});
  const outcome = await run({ url }, { timeout: 0.2 });
  assert.deepEqual(outcome, { status: "timeout", result: { error: "the request did not end within 0.2 seconds" } });
});

test("cancel ends a request under way", async (t) => {
  const io = aListener();
  const { url } = await aServer(t, () => io.control.abort("cancel"));
  assert.equal((await run({ url }, {}, io)).status, "canceled");
});

test("a server that is not there is an error that names the host but not the URL's secrets", async () => {
  await assert.rejects(run({ url: "http://u:s3cret@127.0.0.1:1/s3cret?token=s3cret" }), (thrown: Error) => {
    assert.match(thrown.message, /127\.0\.0\.1:1 failed: .*ECONNREFUSED/);
    assert.doesNotMatch(thrown.message, /s3cret/);
    return true;
  });
  await assert.rejects(run({ url: "not a url s3cret" }), { code: "runner.http.url" });
  await assert.rejects(run({ url: "file:///etc/passwd" }), { code: "runner.http.scheme" });
});

test("headers that would break out of their line are refused", async (t) => {
  const { url, seen } = await aServer(t, json);
  await assert.rejects(run({ url, headers: { A: "x\r\nB: y" } }), { code: "runner.http.request" });
  await assert.rejects(run({ url }, { method: "GET / HTTP/1.1\r\nX: y" }), { code: "runner.http.request" });
  assert.equal(seen.length, 0);
});

test("a proxy for http is asked for the whole URL", async (t) => {
  const proxy = await aServer(t, (request, response) => response.end(`proxied ${request.url}`));
  const outcome = await run({ url: "http://far.example/x", http_proxy: proxy.url });
  assert.equal(outcome.result.body, "proxied http://far.example/x");
});

test("a proxy for https is asked for a tunnel", async (t) => {
  const asked: string[] = [];
  const { server, url } = await aServer(t, json);
  server.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 503 No\r\n\r\n");
  });
  await assert.rejects(run({ url: "https://far.example/x", https_proxy: url }), { code: "runner.http.failed" });
  assert.deepEqual(asked, ["far.example:443"]);
});

test("an answer that is no HTTP is an error, and no connection stays open", async () => {
  const server = createTcpServer((socket) =>
    socket
      .on("error", () => {})
      .resume()
      .end("\0\0garbage\r\n\r\n"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await assert.rejects(run({ url: `http://127.0.0.1:${port}` }), { code: "runner.http.failed" });
  // Resolves once the last connection is closed.
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("a certificate that nobody vouches for is refused unless verification is off", {
  skip: !hasOpenssl() && "no openssl to make a certificate",
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -keyout ${key} -out ${certificate}`;
  execFileSync("openssl", made.split(" "), { stdio: "ignore" });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_request, response) =>
    response.end("safe"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(run({ url }), { code: "runner.http.failed" });
  assert.equal((await run({ url, verify_ssl_cert: false })).result.body, "safe");
});

function hasOpenssl(): boolean {
  return spawnSync("openssl", ["version"]).status === 0;
}
