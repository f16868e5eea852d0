import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { about } from "@squall/store";
import { until } from "./person.ts";
import { type ServerCommand, type ServerProcess, startServer } from "./server-process.ts";

suite("the server's start and stop", { timeout: 240_000 }, () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "squall-start-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** What a server that cannot start says: one line on stderr, and status 1. */
  async function refusal(command: ServerCommand): Promise<string> {
    await using server = startServer(command);
    const { code } = await server.ended;
    assert.equal(code, 1, server.output());
    assert.match(server.stderr(), /^squall server: [^\n]+\n$/, server.output());
    return server.stderr();
  }

  async function stop(server: ServerProcess): Promise<void> {
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output());
  }

  /** A data directory that a server has filled and left in good order. */
  async function aDataDirectory(name: string): Promise<string> {
    const data = join(folder, name);
    await using server = startServer({ data });
    await server.answers();
    await stop(server);
    return data;
  }

  test("a second server on the same data says who has it, and the first one does not notice", {
    skip: about("alone"),
  }, async () => {
    await using first = startServer({ data: join(folder, "twice") });
    const url = await first.answers();
    const said = await refusal({ data: join(folder, "twice") });
    assert.match(said, new RegExp(`in use by another Squall server \\(process ${first.pid}\\).*--data`));
    assert.equal((await fetch(`${url}/health`)).status, 200);
    await stop(first);
  });

  test("two servers that start together on the same data: one answers, the other is refused", {
    skip: about("alone"),
  }, async () => {
    const data = join(folder, "together");
    await using one = startServer({ data });
    await using other = startServer({ data });
    const [answered, refused] = await Promise.race([
      one.ended.then(() => [other, one] as const),
      other.ended.then(() => [one, other] as const),
    ]);
    await answered.answers();
    assert.match(refused.stderr(), /in use by another Squall server/);
    await stop(answered);
  });

  test("a server killed a moment ago does not keep its data", async () => {
    const data = join(folder, "killed");
    await using killed = startServer({ data });
    await killed.answers();
    killed.signal("SIGKILL");
    await killed.ended;
    await using next = startServer({ data });
    await next.answers();
    await stop(next);
  });

  test("a port in use is said, and nothing stays locked", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const data = join(folder, "port");
    assert.match(await refusal({ data, port }), new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use.*--port`));
    taken.close();
    await once(taken, "close");
    await using next = startServer({ data, port });
    assert.equal(await next.answers(), `http://127.0.0.1:${port}`);
    // The password of a first start that failed was never shown, so it must still come.
    await next.printed(/^ +password +\S+ +shown this once/m);
    await stop(next);
  });

  test("a database whose beginning is damaged is refused and left as it is", { skip: about("SQLite") }, async () => {
    const data = await aDataDirectory("beginning");
    const file = join(data, "squall.db");
    const damaged = Buffer.concat([Buffer.from("not a database at all"), (await readFile(file)).subarray(21)]);
    await writeFile(file, damaged);
    assert.match(await refusal({ data }), /squall\.db is not an SQLite database.*backup/);
    assert.ok(damaged.equals(await readFile(file)));
  });

  test("a database that is damaged inside is refused, or says so when asked, and is not written to", {
    skip: about("SQLite"),
  }, async () => {
    const data = await aDataDirectory("inside");
    const path = join(data, "squall.db");
    const { size } = await stat(path);
    const file = await open(path, "r+");
    for (let at = 4096; at < size; at += 4096) await file.write(Buffer.alloc(64, 0xa5), 0, 64, at);
    await file.close();
    assert.match(await refusal({ data }), /squall\.db is damaged.*(backup|recover)/);
  });

  test("a data directory that cannot be written is refused with what to do", async () => {
    // Root may write whatever the mode says, but not make folders in what the kernel shows.
    const isRoot = process.getuid?.() === 0;
    const data = isRoot ? "/sys/squall-data" : join(folder, "readonly");
    if (!isRoot) {
      await mkdir(data);
      await chmod(data, 0o500);
    }
    assert.match(await refusal({ data }), new RegExp(`${data}.*(cannot|not permitted|right)`));
  });

  test("SIGTERM lets what runs finish", async () => {
    const data = join(folder, "finish");
    await using server = startServer({ data });
    const ask = await signIn(server);
    const file = join(folder, "begun");
    const { id } = await ask("POST", "/v1/executions", local(`echo > ${file}; sleep 0.7; echo finished`));
    await until("its beginning", () =>
      stat(file).then(
        () => true,
        () => undefined,
      ),
    );
    await stop(server);
    const ended = await again(data, ask.token, id);
    assert.deepEqual([ended.status, ended.result.stdout], ["succeeded", "finished"]);
  });

  test("SIGTERM abandons what does not finish in time, ends its processes, and says why", async () => {
    const data = join(folder, "abandon");
    await using server = startServer({ data, args: ["--drain", "0"] });
    const ask = await signIn(server);
    const file = join(folder, "pid");
    const { id } = await ask("POST", "/v1/executions", local(`echo $$ > ${file}; sleep 303`));
    const pid = await until("its process", async () => {
      const text = await readFile(file, "utf8").catch(() => "");
      return text.endsWith("\n") ? Number(text) : undefined;
    });
    await stop(server);
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    const ended = await again(data, ask.token, id);
    assert.equal(ended.status, "abandoned");
    assert.match(ended.result.error, /server was stopped while this ran/);
  });

  const local = (cmd: string) => ({ action: "core.local", parameters: { cmd } });

  /** The execution as a server shows it that is started for this. */
  async function again(data: string, token: string, id: string) {
    await using server = startServer({ data });
    const response = await fetch(`${await server.answers()}/v1/executions/${id}`, {
      headers: { "X-Auth-Token": token },
    });
    assert.equal(response.status, 200);
    // The cast: what the API shows of an execution is looked into at two depths.
    const shown = (await response.json()) as { status: string; result: { stdout: string; error: string } };
    await stop(server);
    return shown;
  }
});

/** Signs in with the printed password; answers a function that asks, and the token. */
async function signIn(server: ServerProcess) {
  const url = await server.answers();
  const [, password] = await server.printed(/^ +password +(\S+)/m);
  const basic = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
  const signed = await fetch(`${url}/v1/tokens`, { method: "POST", headers: { Authorization: basic } });
  const { token } = (await signed.json()) as { token: string };
  const ask = async (method: string, path: string, body: unknown): Promise<{ id: string }> => {
    const headers = { "X-Auth-Token": token, "Content-Type": "application/json" };
    const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
    assert.ok(response.ok, `${response.status} ${path}`);
    return (await response.json()) as { id: string };
  };
  return Object.assign(ask, { token });
}
