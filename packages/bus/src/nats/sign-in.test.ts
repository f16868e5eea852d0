import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { nkeys } from "@nats-io/transport-node";
import { freePort, type Nats, startNats, whyNoNats } from "./a-nats.ts";
import type { NatsBus, NatsBusOptions } from "./bus.ts";
import { openNatsBus } from "./open.ts";

const missing = (await whyNoNats()) ?? (existsSync("/usr/bin/openssl") ? undefined : "openssl is not installed here");
const LONG_MS = 30_000;
const run = promisify(execFile);

/** A bus, and a promise of the first warning that it gives. */
async function open(
  url: string,
  options: Partial<NatsBusOptions> = {},
): Promise<{ bus: NatsBus; said: string[]; warned: Promise<string> }> {
  const said: string[] = [];
  const warned = Promise.withResolvers<string>();
  const bus = await openNatsBus({
    urls: [url],
    cluster: "signed",
    onError: assert.fail,
    say(level, details, text) {
      said.push(`${level} ${text} ${JSON.stringify(details)}`);
      if (level === "warn") warned.resolve(`${text} ${JSON.stringify(details)}`);
    },
    ...options,
  });
  return { bus, said, warned: warned.promise };
}

/** Two of them hear each other, and one is answered by the other. */
async function work(one: NatsBus, other: NatsBus): Promise<void> {
  const heard = new Promise<string>((resolve) => one.subscribe(["cancel"], ({ execution }) => resolve(execution)));
  const stop = one.serve("where", async () => ({ here: true }), { atOnce: 1 });
  assert.ok(await one.settled(LONG_MS));
  assert.ok(await other.settled(LONG_MS));
  other.publish({ topic: "cancel", project: "default", execution: "heard" });
  assert.equal(await heard, "heard");
  assert.deepEqual(await other.request("where", {}, { timeoutMs: LONG_MS }), { here: true });
  stop();
}

async function works(url: string, options: Partial<NatsBusOptions> = {}): Promise<void> {
  const [one, other] = [await open(url, options), await open(url, options)];
  await using _one = one.bus;
  await using _other = other.bus;
  await work(one.bus, other.bus);
  assert.deepEqual(one.bus.health().ok, true, JSON.stringify(one.bus.health()));
}

/** What it is told to do whom the server does not let in; nothing secret is said. */
async function refused(url: string, options: Partial<NatsBusOptions> = {}): Promise<string> {
  const { bus, warned, said } = await open(url, options);
  await using _bus = bus;
  const warning = await warned;
  assert.ok(warning.startsWith("NATS cannot be reached"), warning);
  assert.equal(bus.health().ok, false);
  assert.ok(!`${said.join()}${JSON.stringify(bus.health())}`.includes("geheim"));
  return warning;
}

describe("signing in to NATS", { skip: missing ?? false }, () => {
  test("with a user and password; a wrong one is told what to correct", async () => {
    await using nats = await startNats({ config: 'authorization { user: "ann", password: "geheim@1" }' });
    await works(`nats://ann:geheim%401@127.0.0.1:${nats.port}`);
    assert.match(await refused(`nats://ann:geheim2@127.0.0.1:${nats.port}`), /SQUALL_BUS/);
    assert.match(await refused(nats.url), /does not know who we are/);
  });

  test("with a token", async () => {
    await using nats = await startNats({ config: 'authorization { token: "geheim" }' });
    await works(`nats://geheim@127.0.0.1:${nats.port}`);
    assert.match(await refused(`nats://geheim2@127.0.0.1:${nats.port}`), /SQUALL_BUS/);
  });

  test("with an nkey; another one, and what is none, is refused", async () => {
    const [user, stranger] = [nkeys.createUser(), nkeys.createUser()];
    const seed = (pair: typeof user) => new TextDecoder().decode(pair.getSeed());
    await using nats = await startNats({ config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }` });
    await works(nats.url, { credentials: { kind: "nkey", seed: `${seed(user)}\n` } });
    assert.match(await refused(nats.url, { credentials: { kind: "nkey", seed: seed(stranger) } }), /--bus-creds/);
    await assert.rejects(open(nats.url, { credentials: { kind: "nkey", seed: "geheim" } }), (error) => {
      assert.equal((error as { code?: string }).code, "bus.credentials");
      return !String(error).includes("geheim");
    });
  });

  test("with a credentials file of an operator's account; one of a stranger, and what is none, is refused", async () => {
    const operator = anOperator();
    await using nats = await startNats({ config: operator.config });
    await works(nats.url, { credentials: { kind: "creds", text: operator.creds() } });
    const stranger = anOperator();
    assert.match(await refused(nats.url, { credentials: { kind: "creds", text: stranger.creds() } }), /--bus-creds/);
    await assert.rejects(open(nats.url, { credentials: { kind: "creds", text: "geheim" } }), {
      code: "bus.credentials",
    });
  });
});

describe("TLS to NATS", { skip: missing ?? false }, () => {
  let folder: string;
  let nats: Nats;
  const text = (name: string) => readFileSync(join(folder, name), "utf8");
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "squall-test-tls-"));
    await certificates(folder);
    const tls = `cert_file: "${folder}/server.pem", key_file: "${folder}/server.key", ca_file: "${folder}/ca.pem"`;
    nats = await startNats({ config: `tls { ${tls}, verify: true }` });
  });
  after(async () => {
    await nats[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const ours = () => ({ ca: text("ca.pem"), cert: text("client.pem"), key: text("client.key") });

  test("with its authority and a certificate of ours all works, encrypted", async () => {
    await works(`tls://127.0.0.1:${nats.port}`, { tls: ours() });
    await works(nats.url, { tls: ours() });
  });

  test("a server of another authority is refused, and it is said which option names the right one", async () => {
    assert.match(await refused(nats.url, { tls: { ...ours(), ca: text("other-ca.pem") } }), /--bus-ca/);
    assert.match(await refused(`tls://127.0.0.1:${nats.port}`), /--bus-ca/);
    assert.match(await refused(nats.url), /--bus-ca/);
  });

  test("a server under a name that is not in its certificate is refused", async () => {
    const warning = await refused(`tls://localhost:${nats.port}`, { tls: ours() });
    assert.match(warning, /certificate is for another name/);
  });

  test("whom the server asks for a certificate in vain is told so", async () => {
    assert.match(await refused(nats.url, { tls: { ca: text("ca.pem") } }), /--bus-cert/);
  });

  test("nothing is said without encryption where it was asked for", async () => {
    await using plain = await startNats();
    assert.match(await refused(`tls://127.0.0.1:${plain.port}`), /asks for TLS, and this server has none/);
    assert.match(await refused(plain.url, { tls: { ca: text("ca.pem") } }), /asks for TLS/);
  });

  test("what is no certificate, and a key of another one, is refused at the start", async () => {
    const url = `nats://127.0.0.1:${await freePort()}`;
    for (const tls of [
      { ca: "" },
      { ca: "no PEM" },
      { ca: text("client.key") },
      { cert: text("client.pem"), key: text("server.key") },
    ])
      await assert.rejects(open(url, { tls }), { code: "bus.tls" });
  });
});

describe("permissions on NATS", { skip: missing ?? false }, () => {
  const bytes = randomBytes(300_000);
  const digest = createHash("sha256").update(bytes).digest("hex");
  const own = '"squall.signed.>"';
  const user = (allowed: string) => `authorization { users: [
    { user: ann, password: geheim, permissions: { publish: [${allowed}], subscribe: [${own}] } } ] }`;
  const address = (nats: Nats) => `nats://ann:geheim@127.0.0.1:${nats.port}`;

  for (const jetstream of [false, true])
    test(`the cluster's own subjects suffice${jetstream ? ", where JetStream is not allowed" : ""}`, async () => {
      await using nats = await startNats({ jetstream, config: user(own) });
      await works(address(nats));
      const { bus } = await open(address(nats));
      await using _bus = bus;
      assert.ok(await bus.settled(LONG_MS));
      await bus.artifacts.put(digest, bytes);
      assert.equal(await bus.artifacts.get(digest), undefined);
      assert.equal(bus.health().details.artifacts, "off");
      assert.ok(bus.health().ok, "JetStream is no part of its health");
    });

  test("artifacts take the subjects that the manual names", async () => {
    const manual = readFileSync(join(import.meta.dirname, "../../../../docs/operations.md"), "utf8");
    const named = /JETSTREAM = \[([^\]]+)\]/.exec(manual)?.[1]?.replaceAll("CLUSTER", "signed") ?? "";
    await using nats = await startNats({ jetstream: true, config: user(`${own}, ${named}`) });
    const { bus, said } = await open(address(nats), { artifacts: { maxBytes: 900_000, keepMs: 60_000, replicas: 3 } });
    await using _bus = bus;
    assert.ok(await bus.settled(LONG_MS));
    await bus.artifacts.put(digest, bytes);
    assert.ok(bytes.equals((await bus.artifacts.get(digest)) ?? Buffer.alloc(0)), said.join("\n"));
    // Until there is no room: the oldest goes.
    let last = digest;
    for (let more = 0; more < 4; more++) {
      const next = randomBytes(300_000);
      last = createHash("sha256").update(next).digest("hex");
      await bus.artifacts.put(last, next);
    }
    assert.equal((await bus.artifacts.get(last))?.length, 300_000, said.join("\n"));
    assert.equal(await bus.artifacts.get(digest), undefined);
    assert.equal(bus.health().details.artifacts, "on");
    assert.ok(!nats.log().includes("Permissions Violation"), nats.log());
  });

  test("who may not use the cluster's subjects is told which, and is not well", async () => {
    const some = '"squall.signed.say.>", "squall.signed.want.>"';
    await using nats = await startNats({ config: user(some).replace(own, some) });
    const { bus, warned } = await open(address(nats));
    await using _bus = bus;
    bus.serve("where", async () => ({}), { atOnce: 1 });
    assert.match(await warned, /does not allow what the bus needs.*squall\.signed\.ask\.where/);
    assert.equal(bus.health().ok, false);
    assert.deepEqual(bus.health().details.refused, ["squall.signed.ask.where"]);
  });
});

/** An operator with one account, as `nsc` would make it, and credentials for its users. */
function anOperator(): { readonly config: string; creds(): string } {
  const [operator, account] = [nkeys.createOperator(), nkeys.createAccount()];
  const subject = account.getPublicKey();
  const limits = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };
  const named = (name: string, type: string, more: object) => ({ name, nats: { type, version: 2, ...more } });
  const operatorJwt = jwt(operator, operator.getPublicKey(), named("test", "operator", {}));
  const accountJwt = jwt(operator, subject, named("squall", "account", { limits }));
  return {
    config: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${subject}: ${accountJwt} }`,
    creds() {
      const user = nkeys.createUser();
      const userJwt = jwt(account, user.getPublicKey(), named("squall", "user", { subs: -1, data: -1, payload: -1 }));
      const seed = new TextDecoder().decode(user.getSeed());
      return [
        `-----BEGIN NATS USER JWT-----\n${userJwt}\n------END NATS USER JWT------\n`,
        `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
      ].join("\n");
    },
  };
}

function jwt(issuer: ReturnType<typeof nkeys.createOperator>, sub: string, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = { jti: randomBytes(16).toString("hex"), iat: 1_700_000_000, iss: issuer.getPublicKey(), sub, ...claims };
  const signed = `${part({ typ: "JWT", alg: "ed25519-nkey" })}.${part(body)}`;
  return `${signed}.${Buffer.from(issuer.sign(new TextEncoder().encode(signed))).toString("base64url")}`;
}

/** Two authorities; a server for 127.0.0.1 alone and a client, of the first. */
async function certificates(folder: string): Promise<void> {
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const name of ["ca", "other-ca"]) {
    const self = ["req", "-x509", ...key, "-days", "2", "-subj", `/CN=${name}`];
    await openssl(...self, "-keyout", `${name}.key`, "-out", `${name}.pem`);
  }
  writeFileSync(join(folder, "san"), "subjectAltName=IP:127.0.0.1\n");
  for (const name of ["server", "client"]) {
    await openssl("req", ...key, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`);
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san"];
    await openssl("x509", "-req", "-in", `${name}.csr`, ...by, "-out", `${name}.pem`);
  }
}
