import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { startCutProxy } from "./cut-proxy.ts";

/** A server that answers each line with itself, and what it heard so far. */
async function anEcho(t: TestContext) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard.push(text);
      for (const look of waiting) look();
      socket.write(text);
    });
    socket.on("error", () => undefined); // cut off is what this is about
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const hears = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!heard.join("").includes(text)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { port: (server.address() as AddressInfo).port, heard, hears };
}

async function aClient(t: TestContext, port: number) {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

test("what a link that drops swallows arrives when it is healed", async (t) => {
  const echo = await anEcho(t);
  await using proxy = await startCutProxy({ host: "127.0.0.1", port: echo.port });
  const client = await aClient(t, proxy.port);
  client.write("one");
  assert.equal(String(await once(client, "data")), "one");
  proxy.cut("drop");
  client.write("two");
  const other = await aClient(t, echo.port);
  other.write("marker"); // a whole way there and back, in which "two" would have arrived
  await once(other, "data");
  assert.deepEqual(echo.heard, ["one", "marker"]);
  proxy.heal();
  assert.equal(String(await once(client, "data")), "two");
});

test("a link that is cut one way brings what is asked and keeps the answer", async (t) => {
  const echo = await anEcho(t);
  await using proxy = await startCutProxy({ host: "127.0.0.1", port: echo.port });
  const client = await aClient(t, proxy.port);
  client.write("one");
  await once(client, "data");
  proxy.cut("oneway");
  client.write("two");
  await echo.hears("two");
  let answers = "";
  client.on("data", (bytes) => (answers += String(bytes)));
  const other = await aClient(t, echo.port);
  other.write("marker");
  await once(other, "data");
  assert.equal(answers, "");
  proxy.heal();
  if (answers === "") await once(client, "data");
  assert.equal(answers, "two");
});

test("a link that is reset ends connections and refuses new ones, until it is healed", async (t) => {
  const echo = await anEcho(t);
  await using proxy = await startCutProxy({ host: "127.0.0.1", port: echo.port });
  const client = await aClient(t, proxy.port);
  client.write("one");
  await once(client, "data");
  const broken = once(client, "error");
  proxy.cut("reset");
  assert.match(String(await broken), /ECONNRESET/);
  const refused = connect(proxy.port, "127.0.0.1");
  assert.match(String(await once(refused, "error")), /ECONNRESET/);
  proxy.heal();
  const again = await aClient(t, proxy.port);
  again.write("back");
  assert.equal(String(await once(again, "data")), "back");
});
