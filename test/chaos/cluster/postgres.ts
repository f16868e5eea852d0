import { execFileSync } from "node:child_process";
import { appendFileSync, chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Host, UserIds } from "./network.ts";
import { type Program, startProgram } from "./program.ts";

/** A real PostgreSQL server with fsync on, whose data outlive its process. */
export interface Postgres extends AsyncDisposable {
  readonly host: Host;
  readonly port: number;
  /** Through a socket in the file system, which no cut of a link touches. */
  readonly adminUrl: string;
  start(): Promise<void>;
  /** `fast` ends connections and writes a checkpoint, `immediate` is what a power cut leaves, `kill` is SIGKILL. */
  stop(how: Stop): Promise<void>;
}

export const STOPS = ["fast", "immediate", "kill"] as const;
export type Stop = (typeof STOPS)[number];

const SIGNALS = { fast: "SIGINT", immediate: "SIGQUIT", kill: "SIGKILL" } as const;
const DATABASE = "squall";
/** Recovery after a crash takes a second or two; a busy machine takes longer. */
const UP_MS = 60_000;

function folderOfServer(): string | undefined {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const folders = versions.toSorted((a, b) => Number(b) - Number(a)).map((one) => `/usr/lib/postgresql/${one}/bin`);
  return [...(process.env.PATH ?? "").split(delimiter), ...folders].find((one) => existsSync(join(one, "initdb")));
}

/** PostgreSQL refuses to run as root. */
function serverUser(): UserIds | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) =>
    Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }).toString());
  return { uid: id("-u"), gid: id("-g") };
}

/** Why there can be no server here; undefined where there can. */
export function whyNoPostgres(): string | undefined {
  if (folderOfServer() === undefined)
    return "PostgreSQL's server is not installed (Debian: apt-get install postgresql)";
  try {
    serverUser();
    return undefined;
  } catch {
    return "there is no user postgres to run PostgreSQL as";
  }
}

export async function startPostgres(host: Host, folder: string): Promise<Postgres> {
  const bin = folderOfServer();
  if (bin === undefined) throw new Error("PostgreSQL's server is not installed here");
  const as = serverUser();
  mkdirSync(folder);
  if (as) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8" };
  const flags = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"];
  execFileSync(join(bin, "initdb"), flags, { ...as, env, cwd: folder, stdio: "ignore" });
  // Nobody else reaches these hosts: they are this machine's own.
  appendFileSync(join(data, "pg_hba.conf"), "host all all 0.0.0.0/0 trust\n");
  const port = await host.port();
  const urlOf = (database: string) =>
    `postgres://postgres@/${database}?host=${encodeURIComponent(folder)}&port=${port}`;
  let server: Program | undefined;
  const start = async () => {
    const settings = [
      `listen_addresses=${host.address}`,
      `port=${port}`,
      `unix_socket_directories=${folder}`,
      "max_connections=300",
      // What recovery reads after a crash: small, so that it is soon back.
      "max_wal_size=256MB",
    ];
    const args = ["-D", data, ...settings.flatMap((one) => ["-c", one])];
    const log = join(folder, "postgres.log");
    const begin = () =>
      startProgram({ host, program: join(bin, "postgres"), args, env, cwd: folder, log, ...(as && { as }) });
    const deadline = performance.now() + UP_MS;
    server = begin();
    while (!(await isUp(urlOf("postgres")))) {
      if (performance.now() > deadline) throw new Error(`PostgreSQL:\n${server.output()}`);
      await delay(50);
      // Processes of a killed server that have not noticed yet keep the next one from starting.
      if (server.hasEnded) server = begin();
    }
  };
  const stop = async (how: Stop) => {
    // A killed server leaves its processes to find out by themselves; a machine that dies takes all along.
    server?.signal(SIGNALS[how], how === "kill" ? "group" : undefined);
    await server?.ended;
  };
  await start();
  await run(urlOf("postgres"), `create database ${DATABASE}`);
  return {
    host,
    port,
    adminUrl: urlOf(DATABASE),
    start,
    stop,
    [Symbol.asyncDispose]: () => stop("immediate"),
  };
}

async function isUp(url: string): Promise<boolean> {
  try {
    await run(url, "select 1");
    return true;
  } catch {
    return false;
  }
}

/** One statement on a connection of its own. */
export async function run(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined); // it goes away with the server; what was asked rejects
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
