import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectTo } from "node:net";
import { describe, test } from "node:test";
import { connect } from "@nats-io/transport-node";
import { freePort, startNats, whyNoNats } from "./a-nats.ts";
import type { NatsBus } from "./bus.ts";
import { openNatsBus } from "./open.ts";

const missing = await whyNoNats();
const LONG_MS = 30_000;

const open = (url: string, said: string[] = []): Promise<NatsBus> =>
  openNatsBus({
    urls: [url],
    cluster: "trouble",
    onError: assert.fail,
    say: (_, details, text) => said.push(`${text} ${JSON.stringify(details)}`),
  });
const cancel = (execution: string) => ({ topic: "cancel", project: "default", execution }) as const;
const hearing = (bus: NatsBus, last: string): Promise<string[]> => {
  const heard: string[] = [];
  return new Promise((resolve) =>
    bus.subscribe(["cancel"], ({ execution }) => {
      heard.push(execution);
      if (execution === last) resolve(heard);
    }),
  );
};

describe("NATS in trouble", { skip: missing ?? false }, () => {
  test("a bus opens without a server, works alone, says so, and is connected when one comes", async () => {
    const port = await freePort();
    const said: string[] = [];
    await using bus = await open(`nats://127.0.0.1:${port}`, said);
    const alone = hearing(bus, "alone");
    bus.publish(cancel("alone"));
    assert.deepEqual(await alone, ["alone"]);
    assert.equal(bus.health().ok, false);
    assert.equal(bus.health().details.connected, false);
    await assert.rejects(bus.request("somebody", {}, { timeoutMs: LONG_MS }), { code: "bus.no-answer" });
    assert.equal(await bus.artifacts.get("0".repeat(64)), undefined);
    await using _nats = await startNats({ port });
    assert.ok(await bus.settled(LONG_MS));
    assert.equal(bus.health().ok, true);
    assert.ok(
      said.some((line) => line.startsWith("NATS cannot be reached")),
      said.join("\n"),
    );
  });

  test("a server that died and came back carries again what was asked for before, and what was said meanwhile", async () => {
    await using nats = await startNats();
    await using hear = await open(nats.url);
    await using say = await open(nats.url);
    hear.serve("where", async () => ({ here: true }), { atOnce: 1 });
    const heard = hearing(hear, "last");
    assert.ok((await hear.settled(LONG_MS)) && (await say.settled(LONG_MS)));
    say.publish(cancel("before"));
    assert.ok(await say.settled(LONG_MS));
    await nats.kill();
    while (say.health().ok || hear.health().ok) await new Promise((resolve) => setTimeout(resolve, 5));
    say.publish(cancel("meanwhile"));
    await nats.start();
    assert.ok(await hear.settled(LONG_MS));
    assert.ok(await say.settled(LONG_MS));
    say.publish(cancel("last"));
    const all = await heard;
    // What was said without a server is a hint like all else: it may be heard by who was back first.
    assert.deepEqual([all[0], all.at(-1)], ["before", "last"]);
    assert.deepEqual(await say.request("where", {}, { timeoutMs: LONG_MS }), { here: true });
  });

  test("what is no message of ours is left out and counted, and what follows is heard", async () => {
    await using nats = await startNats();
    await using bus = await open(nats.url);
    const heard = hearing(bus, "good");
    bus.subscribe(["execution"], () => assert.fail("no execution was said"));
    bus.serve("where", async () => ({}), { atOnce: 1 });
    await bus.settled(LONG_MS);
    await using raw = await connect({ servers: nats.url });
    const on = "squall.trouble.say.cancel";
    for (const text of [
      "",
      "no head at all",
      "1 abcdefghij say 1 0 1 0\nno json",
      '1 abcdefghij say 1 0 1 0\n{"no": "list"}',
      '1 abcdefghij say 1 0 1 0\n[{"topic":"cancel","project":1,"execution":"x"}, null]',
      '1 abcdefghij say 1 0 1 0\n[{"topic":"wake"}]',
      "1 abcdefghij say 1 5 9 0\nthe middle of something",
      "1 abcdefghij ask 1 0 1 0\n[]",
      `1 abcdefghij say ${"9".repeat(200)} 0 1 0\n[]`,
    ])
      raw.publish(on, text);
    raw.publish(
      "squall.trouble.say.execution",
      '1 abcdefghij say 1 0 1 0\n[{"topic":"execution","change":"create","execution":{}}]',
    );
    raw.publish("squall.trouble.ask.where", "1 abcdefghij ask 1 0 1 0\n[]");
    raw.publish(on, '1 abcdefghij say 1 0 1 0\n[{"topic":"cancel","project":"default","execution":"good"}]');
    assert.deepEqual(await heard, ["good"]);
    assert.equal(bus.health().details.broken, 12);
  });

  test("answers go to subjects of answers alone, whatever a question names", async () => {
    await using nats = await startNats();
    await using bus = await open(nats.url);
    let asked = 0;
    bus.serve("where", async () => ({ asked: ++asked }), { atOnce: 1 });
    await bus.settled(LONG_MS);
    await using raw = await connect({ servers: nats.url });
    const heard: string[] = [];
    raw.subscribe(">", { callback: (_, { subject }) => void heard.push(subject) });
    const question = (number: number) => `1 abcdefghij ask ${number} 0 1 1000\n{}`;
    raw.publish("squall.trouble.ask.where", question(1), { reply: "squall.trouble.say.cancel" });
    raw.publish("squall.trouble.ask.where", question(2), { reply: "$JS.API.STREAM.PURGE.other" });
    raw.publish("squall.trouble.ask.where", question(3));
    await raw.flush();
    await bus.settled(LONG_MS);
    assert.equal(asked, 0);
    assert.equal(bus.health().details.broken, 3);
    await raw.flush();
    assert.deepEqual(new Set(heard), new Set(["squall.trouble.ask.where"]));
  });

  test("an answer with broken headers, of a wrong kind or to nobody does not end the hearing", async () => {
    await using nats = await startNats();
    await using bus = await open(nats.url);
    await using raw = await connect({ servers: nats.url });
    const asked = Promise.withResolvers<string>();
    raw.subscribe("squall.trouble.ask.*", { callback: (_, { reply }) => asked.resolve(reply ?? "") });
    await raw.flush();
    await bus.settled(LONG_MS);
    const answer = bus.request("outside", {}, { timeoutMs: LONG_MS });
    const reply = await asked.promise;
    const socket = connectTo(nats.port, "127.0.0.1");
    await once(socket, "connect");
    // What the client of NATS would not let us write.
    for (const header of [
      "NATS/1.0 nonsense\r\n\r\n",
      "NATS/1.0\r\n bad name : x\r\n\r\n",
      "garbage",
      "NATS/1.0\r\nü:\u0000\r\n\r\n",
    ]) {
      const length = Buffer.byteLength(header);
      socket.write(`CONNECT {"headers":true,"verbose":false}\r\nHPUB ${reply} ${length} ${length}\r\n${header}\r\n`);
    }
    socket.write("PING\r\n");
    for await (const data of socket) if (String(data).includes("PONG")) break;
    socket.destroy();
    raw.publish(reply, "1 abcdefghij say 1 0 1 0\n[]");
    raw.publish(`${reply}9`, "1 abcdefghij answer 1 0 1 0\n{}");
    raw.publish(reply, '1 abcdefghij answer 1 0 1 0\n{"late":"but good"}');
    assert.deepEqual(await answer, { late: "but good" });
  });

  test("a server that froze keeps nobody from closing, and its process from ending", async () => {
    await using nats = await startNats();
    const program = `
      const { openNatsBus } = await import(process.argv[1]);
      const bus = await openNatsBus({ urls: [process.argv[2]], cluster: "trouble", onError: console.error, say: () => {} });
      bus.subscribe(["cancel"], () => undefined);
      bus.serve("here", async () => ({}), { atOnce: 1 });
      if (!(await bus.settled(${LONG_MS}))) process.exit(2);
      console.log("connected");
      process.stdin.once("data", async () => {
        bus.publish({ topic: "wake" });
        const request = bus.request("nobody", {}, { timeoutMs: ${LONG_MS} }).catch(({ code }) => code);
        await bus[Symbol.asyncDispose]();
        console.log(await request);
        process.stdin.destroy();
      });`;
    const door = new URL("open.ts", import.meta.url).href;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, door, nats.url], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let said = "";
    const connected = Promise.withResolvers<void>();
    child.stdout.on("data", (data) => {
      said += data;
      if (said.includes("connected")) connected.resolve();
    });
    const ended = once(child, "exit");
    await connected.promise;
    nats.freeze();
    child.stdin.write("close\n");
    assert.deepEqual(await ended, [0, null]);
    assert.equal(said, "connected\nbus.closed\n");
  });
});
