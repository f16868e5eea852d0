import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { anExecution, insert } from "../contract/samples.ts";
import { startPostgres, type TestPostgres, whyNoPostgres } from "./a-postgres.ts";
import { openPostgresStore } from "./open.ts";

function whyNoOpenssl(): string | undefined {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "openssl is not installed here, which makes the certificates";
  }
}

const why = whyNoPostgres() ?? whyNoOpenssl();

describe("PostgreSQL over TLS", { skip: why ?? false, timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "squall-tls-"));
  const file = (name: string) => join(folder, name);
  let server: TestPostgres | undefined;
  let between: Server | undefined;
  let address = "";

  const openssl = (line: string) => execFileSync("openssl", line.split(" "), { cwd: folder, stdio: "ignore" });
  const KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  const authority = (name: string) =>
    openssl(`req -x509 ${KEY} -days 2 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`);

  before(async () => {
    authority("ca");
    authority("other");
    writeFileSync(file("names"), "subjectAltName=DNS:localhost\n");
    openssl(`req -new ${KEY} -subj /CN=db -keyout server.key -out server.csr`);
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem");
    chmodSync(file("server.key"), 0o600);
    if (process.getuid?.() === 0) {
      const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]));
      for (const name of ["", "server.key", "server.pem"]) chownSync(join(folder, name), id("-u"), id("-g"));
    }
    // A loopback address of its own: the port is that of any server on this machine.
    const host = `127.${[0, 0, 0].map(() => 1 + Math.floor(Math.random() * 253)).join(".")}`;
    server = await startPostgres([
      `listen_addresses=${host}`,
      "ssl=on",
      `ssl_cert_file=${file("server.pem")}`,
      `ssl_key_file=${file("server.key")}`,
    ]);
    between = createServer((near) => {
      const far = connect(5432, host);
      near.on("error", () => far.destroy()).pipe(far);
      far.on("error", () => near.destroy()).pipe(near);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => between?.once("listening", resolve));
    const { port } = between.address() as AddressInfo; // cast: it listens on a port
    const [, database = ""] = /\/(squall_\d+)\?/.exec(await server.newDatabase()) ?? [];
    address = `postgres://postgres:s3cret@localhost:${port}/${database}`;
  });
  after(async () => {
    between?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("with the authority that signed the server's certificate, all connections are encrypted", async () => {
    await using store = await openPostgresStore({
      url: `${address}?sslmode=verify-full&sslrootcert=${file("ca.pem")}`,
      exclusive: false,
    });
    assert.deepEqual(await store.commit(insert(anExecution(1))), { ok: true });
    assert.equal((await store.forget({ before: 0, now: 1, limit: 1 })).more, false);
    await server?.run(
      "do $$ begin assert (select count(*) > 0 and bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'squall %' and application_name !~ 'test'), 'in the clear'; end $$",
    );
  });

  const refused: [string, (url: string) => string, RegExp][] = [
    ["another authority", (url) => `${url}?sslmode=verify-full&sslrootcert=${file("other.pem")}`, /sslrootcert=/],
    ["no authority", (url) => `${url}?sslmode=verify-full`, /of no authority that is trusted here.*sslrootcert=/],
    [
      "another name",
      (url) => `${url.replace("localhost", "127.0.0.1")}?sslmode=verify-full&sslrootcert=${file("ca.pem")}`,
      /not for this name/,
    ],
    [
      "a file that is not there",
      (url) => `${url}?sslmode=verify-full&sslrootcert=${file("nothing.pem")}`,
      /nothing\.pem/,
    ],
  ];
  for (const [what, urlOf, message] of refused) {
    test(`${what}: refused, and what to do is said`, async () => {
      await assert.rejects(
        openPostgresStore({ url: urlOf(address), exclusive: false }),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, "store.tls");
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /s3cret/);
          return true;
        },
      );
    });
  }

  test("a server without TLS gets nothing in the clear when TLS was asked for", async () => {
    const sent: Buffer[] = [];
    const plain = createServer((socket) => {
      socket.on("data", (bytes) => {
        sent.push(bytes);
        socket.write("N");
      });
      socket.on("error", () => undefined); // the other side has enough
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => plain.once("listening", resolve));
    const { port } = plain.address() as AddressInfo; // cast: it listens on a port
    for (const mode of ["verify-full", "require"]) {
      const url = `postgres://postgres:s3cret@localhost:${port}/x?sslmode=${mode}`;
      await assert.rejects(openPostgresStore({ url, exclusive: false }), { code: "store.tls", message: /ssl = on/ });
    }
    plain.close();
    // Nothing but the question for TLS.
    assert.ok(sent.every((bytes) => bytes.length === 8));
  });
});
