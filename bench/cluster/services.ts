import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";

/** A PostgreSQL server and a nats-server for one measurement, on this machine, with what they are given by default. */
export interface Services extends AsyncDisposable {
  readonly store: string;
  readonly bus: string;
  readonly postgresPid: number;
  readonly natsPid: number;
}

/** fsync and synchronous_commit are on, as they are by default; only what counts and times is added. */
const SETTINGS = ["listen_addresses=127.0.0.1", "track_io_timing=on", "track_wal_io_timing=on"];
const STATEMENTS = ["shared_preload_libraries=pg_stat_statements"];

export async function startServices(): Promise<Services> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  const nats = stack.use(await startNats());
  const parts = stack.move();
  return {
    store: postgres.url,
    bus: nats.url,
    postgresPid: postgres.pid,
    natsPid: nats.pid,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

interface Service extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

async function startPostgres(): Promise<Service> {
  const bin = folderOf("initdb", postgresFolders());
  const as = process.getuid?.() === 0 ? userOf("postgres") : undefined;
  const folder = mkdtempSync(join(tmpdir(), "squall-bench-postgres-"));
  if (as) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8" };
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"], {
    ...as,
    env,
    cwd: folder,
    stdio: "ignore",
  });
  const port = await freePort();
  const hasStatements = existsSync(join(bin, "../lib/pg_stat_statements.so"));
  // Not among the flags, which nothing could change later.
  if (hasStatements) appendFileSync(join(data, "postgresql.conf"), "pg_stat_statements.track = none\n");
  const settings = [...SETTINGS, ...(hasStatements ? STATEMENTS : []), `port=${port}`];
  const flags = [...settings, `unix_socket_directories=${folder}`].flatMap((one) => ["-c", one]);
  const server = spawn(join(bin, "postgres"), ["-D", data, ...flags], { ...as, env, cwd: folder, stdio: "ignore" });
  const ended = once(server, "exit");
  const admin = `postgres://postgres@127.0.0.1:${port}/postgres`;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    const client = new pg.Client({ connectionString: admin });
    try {
      await client.connect();
      await client.query("create database squall");
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20)); // it starts; there is nothing to wait for
    } finally {
      await client.end().catch(() => undefined); // it may never have been there
    }
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/squall`,
    pid: server.pid as number,
    async [Symbol.asyncDispose]() {
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNats(): Promise<Service> {
  const port = await freePort();
  const file = join(folderOf("nats-server", ["/usr/sbin", "/usr/local/bin"]), "nats-server");
  const folder = mkdtempSync(join(tmpdir(), "squall-bench-nats-"));
  const server = spawn(file, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  await new Promise<void>((resolve, reject) => {
    server.stderr.on("data", (bytes: Buffer) => {
      if (bytes.includes("Server is ready")) resolve();
    });
    server.once("exit", (status) => reject(new Error(`nats-server ended with ${status}`)));
  });
  return {
    url: `nats://127.0.0.1:${port}`,
    pid: server.pid as number,
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where the distributions put PostgreSQL's programs, the newest first. */
export function postgresFolders(): string[] {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((one) => `/usr/lib/postgresql/${one}/bin`);
}

function folderOf(program: string, others: readonly string[]): string {
  const folder = [...others, ...(process.env.PATH ?? "").split(delimiter)].find((one) =>
    existsSync(join(one, program)),
  );
  if (folder === undefined) throw new Error(`${program} is not installed here`);
  return folder;
}

/** PostgreSQL refuses to run as root. */
function userOf(name: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
