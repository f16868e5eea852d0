import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { aPerson, type Person, type Typed, until } from "../e2e/person.ts";
import { freePort, ROOT, type ServerProcess, startServer } from "../e2e/server-process.ts";
import { type PowerDns, startPowerDns, whyNoPowerDns } from "./powerdns-server.ts";

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  // Each test holds the result to its shape.
  // oxlint-disable-next-line no-explicit-any -- see above
  readonly result: any;
}

const noPowerDns = await whyNoPowerDns();

/** Packs that others wrote for StackStorm, installed and run without an edit, against what they are for. */
suite("strangers' packs", { timeout: 400_000 }, () => {
  let person: Person;
  let server: ServerProcess;
  let url: string;
  before(async () => {
    person = await aPerson();
    server = startServer({ data: join(person.folder, "data") });
    url = await server.answers();
    const [, password = ""] = await server.printed(/password +(\S+)/);
    await types(`echo '${password}' | bin/squall login admin --password-stdin`);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });

  const typed = (line: string) => person.types(line, { SQUALL_URL: url });
  /** Types a line that has to work. */
  async function types(line: string): Promise<Typed> {
    const done = await typed(line);
    assert.equal(done.status, 0, `${line}\n${done.stdout}${done.stderr}`);
    return done;
  }
  const json = async <T>(line: string) => JSON.parse((await types(`${line} --json`)).stdout) as T;
  /** Runs an action to its end, however that is. */
  const run = async (line: string): Promise<Shown> =>
    JSON.parse((await typed(`bin/squall run ${line} --json`)).stdout) as Shown;
  const state = (sensor: string, wanted: string) =>
    until(`${sensor} to be ${wanted}`, async () => {
      const one = await json<{ state: string; reason?: string }>(`bin/squall sensor get ${sensor}`);
      return one.state === wanted ? one : undefined;
    });
  const executions = (action: string, count: number) =>
    until(`${count} executions of ${action}`, async () => {
      const all = await json<Shown[]>(`bin/squall execution list --action ${action} --status succeeded`);
      return all.length >= count ? all : undefined;
    });

  test("their own tests pass", async () => {
    for (const pack of ["powerdns", "rss", "syslog"]) {
      const { stderr } = await types(`bin/squall pack test test/packs/${pack}`);
      assert.match(stderr, /\nOK\n$/, pack);
    }
  });

  test("a pack with a dozen actions, secrets and aliases works on a real PowerDNS", {
    skip: noPowerDns ?? false,
  }, async () => {
    await using pdns: PowerDns = await startPowerDns();
    await types("bin/squall pack install test/packs/powerdns");
    const unset = await run("powerdns.list_zones");
    assert.equal(unset.status, "failed");
    const line = `bin/squall pack config powerdns --yes --set connection.url=${pdns.url} protected_zones='["example.com"]'`;
    const secret = await typed(`${line} connection.api_key=${pdns.apiKey}`);
    assert.match(secret.stderr, /is a secret, and everybody on this machine can see a command line/);
    await types(`echo ${pdns.apiKey} | ${line} @connection.api_key=-`);
    const zone = "example.org";
    const created = await run(`powerdns.create_zone zone=${zone} nameservers=ns1.example.org,ns2.example.org`);
    assert.equal(created.status, "succeeded", JSON.stringify(created.result));
    assert.equal(created.result.result.id, "example.org.");
    assert.ok(!JSON.stringify(created).includes(pdns.apiKey));
    assert.deepEqual((await run("powerdns.list_zones")).result.result, ["example.org."]);

    const provisioned = await run(`powerdns.provision_host zone=${zone} host=www address=192.0.2.7`);
    assert.equal(provisioned.status, "succeeded", JSON.stringify(provisioned.result));
    assert.deepEqual(provisioned.result.output, { name: "www.example.org", addresses: ["192.0.2.7"] });
    const again = await run(`powerdns.add_record zone=${zone} name=www.example.org content=192.0.2.8`);
    assert.deepEqual(again.result.result, { changed: true, records: ["192.0.2.7", "192.0.2.8"] });
    assert.deepEqual((await run(`powerdns.get_record zone=${zone} name=www.example.org`)).result.result, {
      ttl: 300,
      contents: ["192.0.2.7", "192.0.2.8"],
    });
    const replaced = await run(
      `powerdns.replace_record zone=${zone} name=www.example.org contents='["192.0.2.9"]' ttl=60`,
    );
    assert.equal(replaced.result.result, true);
    const exported = await run(`powerdns.export_zone zone=${zone}`);
    assert.match(exported.result.stdout, /^www\.example\.org\.\t60\tIN\tA\t192\.0\.2\.9$/m);
    assert.deepEqual((await run("powerdns.search 'query=www*'")).result.result, ["record www.example.org."]);
    assert.equal((await run(`powerdns.delete_record zone=${zone} name=www.example.org`)).result.result.changed, true);

    const missing = await run(`powerdns.get_record zone=${zone} name=www.example.org`);
    assert.deepEqual([missing.status, missing.result.exit_code], ["failed", 2]);
    assert.match(missing.result.stderr, /^no A record www\.example\.org in example\.org$/m);
    const nowhere = await run("powerdns.get_zone zone=nowhere.example");
    assert.deepEqual([nowhere.status, nowhere.result.result.status], ["failed", 404]);
    const kept = await run("powerdns.delete_zone zone=example.com");
    assert.deepEqual([kept.status, kept.result.exit_code], ["failed", 0]);
    assert.match(kept.result.result, /is protected/);
    assert.equal((await run("powerdns.get_server")).result.result.daemon_type, "authoritative");
    const key = await json<{ value: string }>("bin/squall key get powerdns.GetServerAction:last_seen_version");
    assert.match(key.value, /^\d+\.\d+/);
    const counters = await run("powerdns.get_statistics names=uptime,udp-queries");
    assert.deepEqual(Object.keys(counters.result.result).sort(), ["udp-queries", "uptime"]);
    assert.equal((await run(`powerdns.delete_zone zone=${zone}`)).status, "succeeded");
  });

  test("a polling sensor with pip requirements tells of each entry once", async (t) => {
    const feed = readFileSync(join(ROOT, "test/packs/rss/tests/fixtures/feed.xml"), "utf8");
    const second = `<entry><title>Volumes are fast again</title><id>urn:example:status:2</id></entry></feed>`;
    let text = feed;
    const web: Server = createServer((_, response) => {
      response.writeHead(200, { "Content-Type": "application/atom+xml" }).end(text);
    }).listen(0, "127.0.0.1");
    t.after(() => {
      web.closeAllConnections();
      web.close();
    });
    await once(web, "listening");
    await types("bin/squall pack install test/packs/rss");
    const failed = await state("rss.RSSSensor", "failed");
    assert.match(failed.reason ?? "", /no feed_urls in the configuration/);
    const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
    await types(`bin/squall pack config rss --yes --set feed_urls='["${address}"]'`);
    await state("rss.RSSSensor", "running");
    const [first] = await executions("rss.note", 1);
    assert.equal(first?.result.stdout, "new: Volumes are slow in eu-1");
    text = feed.replace("</feed>", second);
    const both = await executions("rss.note", 2);
    assert.deepEqual(both.map(({ result }) => result.stdout as string).sort(), [
      "new: Volumes are fast again",
      "new: Volumes are slow in eu-1",
    ]);
  });

  test("a passive sensor hears of the rules that listen to it", async () => {
    const port = await freePort();
    await types("bin/squall pack install test/packs/syslog");
    await types(`bin/squall pack config syslog --yes --set port=${port}`);
    const log = () => typed("bin/squall sensor logs syslog.SyslogSensor");
    await until("the sensor to listen", async () =>
      (await log()).stdout.includes(`listening on 127.0.0.1:${port}`) ? true : undefined,
    );
    const socket = createSocket("udp4");
    const send = (message: string) =>
      new Promise((resolve) => {
        socket.send(`<38>Oct 11 22:14:15 bastion sshd[123]: ${message}`, port, "127.0.0.1", resolve);
      });
    await state("syslog.SyslogSensor", "running");
    await send("Accepted publickey for ada");
    await send("Failed password for root from 192.0.2.1");
    // The pack reads its count and writes it, so two at once may count as one.
    await executions("syslog.count", 1);
    await send("Failed password for invalid user oracle from 192.0.2.1");
    const counted = await executions("syslog.count", 2);
    assert.deepEqual(
      counted.map(({ parameters, result }) => [parameters.host, result.result.host]),
      Array.from({ length: 2 }, () => ["bastion", "bastion"]),
    );
    const key = await json<{ value: string }>("bin/squall key get syslog.CountAction:failures.bastion");
    assert.equal(key.value, "2");
    socket.send("no syslog at all", port, "127.0.0.1");
    await until("it to say what it does not understand", async () =>
      (await log()).stdout.includes("not understood: b'no syslog at all'") ? true : undefined,
    );
    socket.close();
  });

  test("and are removed again, with all that they brought", async () => {
    await types("bin/squall pack remove rss syslog");
    const sensors = await json<{ id: string }[]>("bin/squall sensor list");
    assert.ok(!sensors.some(({ id }) => id.startsWith("rss.") || id.startsWith("syslog.")));
    assert.match((await typed("bin/squall run syslog.count host=a message=b")).stderr, /there is no action/);
  });
});
