import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server in a process of its own, on an empty data directory, as `npm start` starts it. */
export interface Squall extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** Calls the API as the administrator. Throws when the answer is no success. */
  api<T>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly json: T; readonly headers: Headers; readonly ms: number }>;
  readonly apiKey: string;
  /** Resident memory now, bytes. */
  rss(): number;
}

const ROOT = join(import.meta.dirname, "../..");

export async function startSquall(args: readonly string[] = []): Promise<Squall> {
  const directory = mkdtempSync(join(tmpdir(), "squall-bench-"));
  const child = spawn(process.execPath, ["scripts/run.mjs", "start", "--port", "0", "--data", directory, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const printed = await greeting(child);
  const port = Number(/answers at http:\/\/127\.0\.0\.1:(\d+)/.exec(printed)?.[1]);
  const password = /password\s+(\S+)/.exec(printed)?.[1] ?? "";
  const base = `http://127.0.0.1:${port}/v1`;
  const { pid } = JSON.parse(readFileSync(join(directory, "server.json"), "utf8")) as { pid: number };

  const login = await fetch(`${base}/tokens`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
  });
  const { token } = (await login.json()) as { token: string };
  const api: Squall["api"] = async <T>(method: string, path: string, body?: unknown) => {
    const began = performance.now();
    const answer = await fetch(base + path, {
      method,
      headers: { "x-auth-token": token, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return {
      json: (text === "" ? undefined : JSON.parse(text)) as T,
      headers: answer.headers,
      ms: performance.now() - began,
    };
  };
  const key = await api<{ key: string }>("POST", "/apikeys", { user: "admin", metadata: {} });
  return {
    port,
    directory,
    api,
    apiKey: key.json.key,
    rss: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("close", resolve));
      process.kill(-(child.pid as number), "SIGTERM");
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What the server says until it takes calls. */
function greeting(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (/execution list/.test(text)) resolve(text);
    });
    child.once("exit", (status) => reject(new Error(`the server ended with ${status}: ${text}`)));
  });
}
