import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { aServer, completed, type TestServer } from "../a-server.ts";
import { createLocalBus } from "@squall/bus";
import { TooMany } from "@squall/model";
import { createLog } from "../log.ts";
import { createStreamHub, matcher } from "./hub.ts";

interface Heard {
  readonly event: string;
  // What an event tells differs by event.
  // oxlint-disable-next-line no-explicit-any -- see above
  readonly data: any;
}

/** Reads a stream as it comes. */
async function* listen(response: Response): AsyncGenerator<Heard> {
  let text = "";
  for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = /^event: (.*)$/m.exec(text.slice(0, end))?.[1];
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (event !== undefined && data !== undefined) yield { event, data: event === "EOF" ? data : JSON.parse(data) };
    }
  }
}

async function all(response: Response): Promise<Heard[]> {
  const heard: Heard[] = [];
  for await (const one of listen(response)) heard.push(one);
  return heard;
}

suite("the stream", { timeout: 60_000 }, () => {
  let at: TestServer;
  const open = async (path: string): Promise<Response> => {
    const response = await fetch(at.url + path, { headers: at.admin.headers });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=UTF-8");
    return response;
  };
  const run = async (cmd: string): Promise<string> =>
    (await at.admin("POST", "/v1/executions", { action: "core.local", parameters: { cmd } })).json.id;
  before(async () => {
    at = await aServer();
  });
  after(() => at[Symbol.asyncDispose]());

  test("an execution's life is told in order, and the stream ends with it", async () => {
    const gate = await open("/stream?events=st2.execution__create,st2.execution__update&action_refs=core.local");
    const id = await run("echo hello");
    const statuses: string[] = [];
    for await (const { event, data } of listen(gate)) {
      if (data.id !== id) continue;
      statuses.push(`${event} ${data.status}`);
      if (data.status === "succeeded") break;
    }
    assert.match(statuses[0] ?? "", /^st2\.execution__create /);
    assert.equal(statuses.at(-1), "st2.execution__update succeeded");
  });

  test("end_event closes the stream, also when the execution ended before anybody listened", async () => {
    const id = await run("true");
    await completed(at.admin, id);
    const heard = await all(
      await open(
        `/stream/v1/stream?events=st2.execution__update&end_event=st2.execution__update&end_execution_id=${id}`,
      ),
    );
    assert.deepEqual(
      heard.map((one) => [one.event, one.data.id, one.data.status]),
      [["st2.execution__update", id, "succeeded"]],
    );
  });

  test("who waits for the end of an execution is told what it printed before, once and in order", async () => {
    // It goes on printing while the reader comes, and ends when the reader has heard what was before and what came since.
    const gate = join(at.directory, "gate");
    const id = await run(
      `for i in $(seq 1 200); do echo $i; done; until test -e ${gate}; do echo more; sleep 0.01; done`,
    );
    const printed = await open(`/stream/executions/${id}/output`);
    for await (const { data } of listen(printed)) if (String(data.data).includes("more")) break;
    const query = `events=st2.execution__update,st2.execution.output__create&end_event=st2.execution__update`;
    const stream = await open(`/v1/stream?${query}&end_execution_id=${id}`);
    let text = "";
    let before: string | undefined;
    let status: unknown;
    for await (const { event, data } of listen(stream)) {
      if (event === "st2.execution__update") status = data.status;
      else text += data.data;
      before ??= text;
      if (text.length > before.length) await writeFile(gate, "");
    }
    assert.equal(status, "succeeded");
    const { text: stored } = await at.admin("GET", `/v1/executions/${id}/output`);
    assert.equal(text, stored);
  });

  test("output comes as it is printed, then EOF", async () => {
    const id = await run("echo one; echo two >&2; echo three");
    const heard = await all(await open(`/stream/executions/${id}/output`));
    assert.deepEqual(heard.at(-1), { event: "EOF", data: "''" });
    const text = (type: string) =>
      heard
        .filter((one) => one.data.output_type === type)
        .map((one) => one.data.data)
        .join("");
    assert.equal(text("stdout"), "one\nthree\n");
    assert.equal(text("stderr"), "two\n");
    const only = await all(await open(`/stream/executions/${id}/output?output_type=stderr`));
    assert.deepEqual(
      only.map((one) => one.event),
      ["st2.execution.output__create", "EOF"],
    );
  });

  test("the API's path of output streams too when events are asked for", async () => {
    const id = await run("echo x");
    const headers = { ...at.admin.headers, Accept: "text/event-stream" };
    const heard = await all(await fetch(`${at.url}/v1/executions/${id}/output`, { headers }));
    assert.equal(heard.at(-1)?.event, "EOF");
  });

  test("announcements are told under the name of their route", async () => {
    const stream = await open("/stream?events=st2.announcement__*");
    await at.admin("POST", "/v1/executions", {
      action: "core.announcement",
      parameters: { message: { text: "hear" }, route: "chatops" },
    });
    for await (const { event, data } of listen(stream)) {
      assert.equal(event, "st2.announcement__chatops");
      assert.deepEqual(data.payload, { message: { text: "hear" } });
      break;
    }
  });

  test("secret parameters are masked in what is told", async () => {
    await at.admin("POST", "/v1/actions", {
      name: "hush",
      pack: "default",
      runner_type: "noop",
      parameters: { word: { type: "string", secret: true } },
    });
    const stream = await open("/stream?action_refs=default.hush&events=st2.execution__*,st2.liveaction__*");
    await at.admin("POST", "/v1/executions", { action: "default.hush", parameters: { word: "open sesame" } });
    const seen: string[] = [];
    for await (const { event, data } of listen(stream)) {
      assert.ok(!JSON.stringify(data).includes("sesame"), event);
      seen.push(event);
      if (seen.includes("st2.liveaction__update")) break;
    }
  });

  test("a reader that does not read is let go, and the others go on hearing", async () => {
    const { hostname, port } = new URL(at.url);
    const deaf = connect(Number(port), hostname);
    deaf.on("error", () => undefined);
    await once(deaf, "connect");
    const token = at.admin.headers["X-Auth-Token"];
    deaf.write(`GET /v1/stream?events=st2.execution__* HTTP/1.1\r\nHost: x\r\nX-Auth-Token: ${token}\r\n\r\n`);
    const stream = await open("/stream?events=st2.execution__update&action_refs=core.local");
    // Each tells some 100 kB; the bound for one reader is 4 MB beside what the sockets hold.
    const context = { filler: "x".repeat(100_000) };
    for (let sent = 0; sent < 120; sent++) {
      await at.admin("POST", "/v1/executions", { action: "core.noop", context });
    }
    const id = await run("true");
    for await (const { data } of listen(stream)) if (data.id === id && data.status === "succeeded") break;
    let heard = "";
    deaf.setEncoding("utf8");
    for await (const text of deaf) {
      heard = (heard + text).slice(-2_000);
      if (heard.endsWith("0\r\n\r\n")) break;
    }
    assert.match(heard, /: dropped, because this reader is slower/);
  });

  test("a reader hears of its own project alone", async () => {
    await using bus = createLocalBus({ onError: assert.fail });
    const hub = createStreamHub(bus, at.server.engine, createLog("-", "silent"));
    const heard: Record<string, string[]> = { mine: [], theirs: [] };
    const { promise: both, resolve } = Promise.withResolvers<void>();
    for (const project of ["mine", "theirs"]) {
      const send = (frame: string) => {
        heard[project]?.push(/"text":"(\w+)"/.exec(frame)?.[1] ?? frame);
        if (heard.mine?.length && heard.theirs?.length) resolve();
        return true;
      };
      await hub.attach(
        { send, end: () => undefined, closed: new Promise(() => undefined) },
        { project, events: ["*"] },
      );
    }
    for (const project of ["mine", "theirs"]) {
      bus.publish({ topic: "announcement", project, route: "r", payload: { text: project }, traceContext: {} });
    }
    await both;
    assert.deepEqual(heard, { mine: ["mine"], theirs: ["theirs"] });
  });

  test("no more streams are opened than memory is there for, and less may wait for each the more there are", async () => {
    await using bus = createLocalBus({ onError: assert.fail });
    const hub = createStreamHub(bus, at.server.engine, createLog("-", "silent"));
    const { promise: told, resolve } = Promise.withResolvers<number | undefined>();
    const closed = new Promise<void>(() => undefined);
    for (let n = 0; n < 1000; n++) {
      hub.admit();
      const send = (_frame: string, mostBytes?: number) => (resolve(mostBytes), true);
      void hub.attach({ send, end: () => undefined, closed }, { project: "default", events: ["*"] });
    }
    assert.throws(() => hub.admit(), TooMany);
    bus.publish({ topic: "announcement", project: "default", route: "r", payload: {}, traceContext: {} });
    assert.equal(await told, (64 * 1024 * 1024) / 1000);
  });

  test("a stopping server ends its streams", async () => {
    const other = await aServer();
    const response = await fetch(`${other.url}/v1/stream`, { headers: other.admin.headers });
    await other[Symbol.asyncDispose]();
    assert.match(await response.text(), /: the server is shutting down/);
  });
});

test("patterns of event names match as globs do", () => {
  const matches = matcher(["st2.execution__*", "exact", "a*b*c"]);
  for (const name of ["st2.execution__update", "st2.execution__", "exact", "abc", "axxbyyc"])
    assert.ok(matches(name), name);
  for (const name of ["st2.execution", "exactly", "ac", "abcd", "xabc", "ab"]) assert.ok(!matches(name), name);
  assert.ok(matcher(["*"])("anything"));
  assert.ok(!matcher(["aa*aa"])("aaa"));
});
