import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Services } from "./services.ts";

/** Servers that share one store and one bus. */
export interface Processes extends AsyncDisposable {
  /** Where the API is, of each process that serves it. */
  readonly ports: readonly number[];
  readonly apiKey: string;
  /** Calls the first API as the administrator. Throws when the answer is no success. */
  api<T>(method: string, path: string, body?: unknown): Promise<{ readonly json: T; readonly headers: Headers }>;
  /** Seconds of processor time that each used so far: the servers by their roles, PostgreSQL and NATS. */
  cpu(): ReadonlyMap<string, number>;
}

const ROOT = join(import.meta.dirname, "../..");
const MAIN = "packages/server/src/main.ts";
/** Those of `scripts/run.mjs`. */
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8", "--heap-growing-percent=100"];

/**
 * One process for each list of roles, the first with the API first: it makes the administrator. With PROFILE=folder each
 * writes a CPU profile there when it stops.
 */
export async function startProcesses(services: Services, roles: readonly string[]): Promise<Processes> {
  const directory = mkdtempSync(join(tmpdir(), "squall-bench-cluster-"));
  const keyFile = join(directory, "key");
  writeFileSync(keyFile, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
  const profile = process.env.PROFILE;
  const children: { readonly name: string; readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];
  const ports: number[] = [];
  let password = "";

  const start = async (own: string, n: number): Promise<void> => {
    const name = `${own === ALL ? "all" : own}${roles.filter((one) => one === own).length > 1 ? ` ${n}` : ""}`;
    const data = join(directory, String(n));
    mkdirSync(data);
    const flags = [...FLAGS];
    if (profile)
      flags.push(
        "--cpu-prof",
        `--cpu-prof-dir=${profile}`,
        `--cpu-prof-name=${name.replaceAll(/\W+/g, "-")}.cpuprofile`,
      );
    const port = own.includes("api") ? "0" : "none";
    const child = spawn(
      process.execPath,
      [...flags, MAIN, "--port", port, "--data", data, "--roles", own, "--key-file", keyFile],
      {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "inherit"],
        env: {
          NODE_COMPILE_CACHE: join(ROOT, ".squall", "compile-cache"),
          ...process.env,
          SQUALL_STORE: services.store,
          SQUALL_BUS: services.bus,
        },
      },
    );
    children.push({ name, child, ended: once(child, "exit") });
    const said = await greeting(child);
    if (own.includes("api")) ports.push(Number(/answers at http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1]));
    password ||= /password\s+(\S+)/.exec(said)?.[1] ?? "";
  };
  const stop = async () => {
    for (const { child } of children) child.kill("SIGTERM");
    await Promise.all(children.map(({ ended }) => ended));
    rmSync(directory, { recursive: true, force: true });
  };

  try {
    for (const [n, own] of roles.entries()) await start(own, n + 1);
    const base = `http://127.0.0.1:${ports[0]}/v1`;
    const login = await fetch(`${base}/tokens`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
    });
    const { token } = (await login.json()) as { token: string };
    const api: Processes["api"] = async <T>(method: string, path: string, body?: unknown) => {
      const answer = await fetch(base + path, {
        method,
        headers: { "x-auth-token": token, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return { json: (text === "" ? undefined : JSON.parse(text)) as T, headers: answer.headers };
    };
    const key = await api<{ key: string }>("POST", "/apikeys", { user: "admin", metadata: {} });
    return {
      ports,
      apiKey: key.json.key,
      api,
      cpu: () =>
        new Map([
          ...children.map(({ name, child }) => [name, secondsOf(child.pid as number)] as const),
          ["PostgreSQL", familySeconds(services.postgresPid)],
          ["NATS", secondsOf(services.natsPid)],
        ]),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export const ALL = "api,engine,worker,sources";

/** What a process says until it works. */
function greeting(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (
        /\(started in \d+ ms\)/.test(text) &&
        (!/answers at/.test(text) || /execution list|Make something/.test(text))
      )
        resolve(text);
    });
    child.once("exit", (status) => reject(new Error(`a server ended with ${status}: ${text}`)));
  });
}

/** Clock ticks a second, which Linux shows to programs, whatever the kernel's are. */
const TICKS = 100;

function statOf(pid: number): { readonly parent: number; readonly own: number; readonly dead: number } {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [parent = 0, user = 0, system = 0, deadUser = 0, deadSystem = 0] = [1, 11, 12, 13, 14].map((n) => fields[n]);
  return { parent, own: (user + system) / TICKS, dead: (deadUser + deadSystem) / TICKS };
}

const secondsOf = (pid: number): number => statOf(pid).own;

/** Of a process with its children, those that ended among them. */
function familySeconds(pid: number): number {
  let seconds = statOf(pid).own + statOf(pid).dead;
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const { parent, own } = statOf(Number(name));
      if (parent === pid) seconds += own;
    } catch {
      // It ended while we looked.
    }
  }
  return seconds;
}
