import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { ActionFailed, createContext, createLog, defineAction } from "./index.ts";

test("a test of an action makes its context itself", async () => {
  const written: string[] = [];
  const context = createContext({
    execution: { id: "1", action: "mine.greet", pack: "mine", user: "ada", context: {} },
    name: "greet",
    config: { greeting: "Servus" },
    logLevel: "INFO",
    apiUrl: "http://127.0.0.1:1/v1",
    token: "",
    signal: new AbortController().signal,
    write: (line) => written.push(line),
  });
  const greet = defineAction<{ who: string }>(({ who }, { config, log }) => {
    log.debug("not shown");
    log.error("%s, %j", who, { a: 1 });
    return `${String(config.greeting)} ${who}`;
  });
  assert.equal(await greet({ who: "Ada" }, context), "Servus Ada");
  assert.deepEqual(written, ['actions.node.greet: ERROR    Ada, {"a":1}\n']);
});

test("log levels are in Python's order", () => {
  const written: string[] = [];
  const log = createLog("x", "ERROR", (line) => written.push(line));
  log.warning("no");
  log.error("yes");
  assert.deepEqual(written, ["x: ERROR    yes\n"]);
});

test("what the server refuses is an error in its own words", async () => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url} ${request.headers["x-auth-token"]}`);
    response.writeHead(403, { "Content-Type": "application/json" }).end('{"faultstring": "not yours"}');
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const { datastore } = createContext({
    execution: { id: "1", action: "mine.greet", pack: "mine", user: "ada", context: {} },
    name: "greet",
    config: {},
    logLevel: "INFO",
    apiUrl: `http://127.0.0.1:${port}/v1/`,
    token: "t",
    signal: new AbortController().signal,
    write: () => undefined,
  });
  await assert.rejects(datastore.get("a/b", { decrypt: true }), /GET \/keys\/mine\.greet.* answered 403: not yours/);
  assert.deepEqual(heard, ["GET /v1/keys/mine.greet%3Aa%2Fb?scope=system&decrypt=true t"]);
  server.closeAllConnections();
  server.close();
});

test("a failure carries its result", () => {
  assert.deepEqual(new ActionFailed({ left: 1 }).result, { left: 1 });
});
