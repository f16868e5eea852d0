import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";

/** For tests: a PostgreSQL server of their own, reached through a socket in its folder. */
export interface TestPostgres {
  /** The server's user may write there; its sockets are in it. */
  readonly folder: string;
  /** Of an empty database that is made for this call. */
  newDatabase(): Promise<string>;
  /** The address of a database, whether or not there is one of this name. */
  addressOf(database: string): string;
  /** Runs SQL as its administrator; in the database `postgres`, or the one at this address. */
  run(sql: string, url?: string): Promise<void>;
  /** Runs one of PostgreSQL's programs beside the server, as its user. */
  program(name: string, ...words: readonly string[]): void;
  /** As a power cut would: no checkpoint, connections broken. It starts again with `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** In order: what is to be archived has been, and the data stay. */
  halt(): Promise<void>;
  /** And removes everything. */
  stop(): Promise<void>;
}

/** Where the distributions put the server's programs, beside PATH. */
function folderOfServer(): string | undefined {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const folders = versions.toSorted((a, b) => Number(b) - Number(a)).map((one) => `/usr/lib/postgresql/${one}/bin`);
  return [...(process.env.PATH ?? "").split(delimiter), ...folders].find((folder) =>
    existsSync(join(folder, "initdb")),
  );
}

/** Why there can be no server here; undefined where there can. */
export function whyNoPostgres(): string | undefined {
  if (folderOfServer() === undefined)
    return "PostgreSQL's server is not installed here (Debian: apt-get install postgresql)";
  if (process.getuid?.() === 0 && userOf("postgres") === undefined)
    return "there is no user postgres to run PostgreSQL as";
  return undefined;
}

/** It refuses to run as root. */
function userOf(name: string): { readonly uid: number; readonly gid: number } | undefined {
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, name], { stdio: ["ignore", "pipe", "ignore"] }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

/** With `existing` on data that are there, such as a base backup. */
export async function startPostgres(settings: readonly string[] = [], existing?: string): Promise<TestPostgres> {
  const bin = folderOfServer();
  if (bin === undefined) throw new Error("PostgreSQL's server is not installed here");
  const as = process.getuid?.() === 0 ? userOf("postgres") : undefined;
  const folder = mkdtempSync(join(tmpdir(), "squall-postgres-"));
  if (as) chownSync(folder, as.uid, as.gid);
  const data = existing ?? join(folder, "data");
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8" };
  const program = (name: string, ...words: readonly string[]): void => {
    // Beside the server, or where PATH has it: distributions put some programs into other folders.
    execFileSync(name, words, {
      ...as,
      env: { ...env, PATH: `${bin}${delimiter}${env.PATH}`, PGHOST: folder, PGUSER: "postgres" },
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
  };
  if (existing === undefined) program("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N");
  const urlOf = (database: string) => `postgres://postgres@/${database}?host=${encodeURIComponent(folder)}`;
  let ended: Promise<void> = Promise.resolve();
  let pid = 0;

  const start = async (): Promise<void> => {
    const flags = ["listen_addresses=", `unix_socket_directories=${folder}`, ...settings].flatMap((one) => ["-c", one]);
    const server = spawn(join(bin, "postgres"), ["-D", data, ...flags], { ...as, env, cwd: folder, stdio: "ignore" });
    pid = server.pid ?? 0;
    ended = new Promise((resolve) => server.once("exit", () => resolve()));
    for (;;) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
      const client = new pg.Client({ connectionString: urlOf("postgres") });
      client.on("error", () => undefined); // it goes away with the server
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20)); // it starts; there is nothing to wait for
      }
    }
  };
  const run = async (sql: string, url = urlOf("postgres")): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (pid > 0) process.kill(pid, signal);
    await ended;
    pid = 0;
  };
  await start();
  let databases = 0;
  return {
    folder,
    program,
    async newDatabase() {
      const name = `squall_${++databases}`;
      await run(`create database ${name}`);
      return urlOf(name);
    },
    addressOf: urlOf,
    run,
    kill: () => end("SIGQUIT"),
    start,
    halt: () => end("SIGINT"),
    async stop() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
