import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { connect } from "@nats-io/transport-node";

/** For tests: a real nats-server on this machine. */
export interface Nats extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Where leaf nodes come in. */
  readonly leafPort: number;
  /** As a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port, when it was killed. */
  start(): Promise<void>;
  /** Takes nothing and says nothing any more, but its connections stay. It can still be killed. */
  freeze(): void;
  /** Resolves when it has logged a line with this text, or has done so before. */
  logged(text: string): Promise<void>;
  /** What it logged so far. */
  log(): string;
}

export interface NatsOptions {
  /** More of its configuration. */
  readonly config?: string;
  readonly jetstream?: boolean;
  readonly port?: number;
  /** Makes it a leaf node of this server. */
  readonly hub?: Nats;
}

const PLACES = ["/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"];
const INSTALL_MS = 180_000;
const LEADER_MS = 60_000;
const program = (): string | undefined => PLACES.find((path) => existsSync(path));

/**
 * Why there can be none; undefined where there can. Where it is missing it is installed, if that can be done without
 * starting a service: by root of a Debian-like system that systemd does not run, such as a container.
 */
export async function whyNoNats(): Promise<string | undefined> {
  if (program()) return undefined;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get") || existsSync("/run/systemd/system"))
    return "NATS's server is not installed here (Debian: apt-get install nats-server)";
  const options = { timeout: INSTALL_MS, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" } };
  const run = promisify(execFile);
  try {
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", "nats-server"], options);
  } catch (thrown) {
    const said = thrown instanceof Error ? (thrown.message.trim().split("\n").at(-1) ?? "") : String(thrown);
    return `nats-server could not be installed: ${said}`;
  }
  return program() ? undefined : "the package nats-server has no nats-server";
}

export async function startNats(options: NatsOptions = {}): Promise<Nats> {
  const file = program();
  if (file === undefined) throw new Error("NATS's server is not installed here");
  const folder = mkdtempSync(join(tmpdir(), "squall-test-nats-"));
  const port = options.port ?? (await freePort());
  const leafPort = await freePort();
  const waits = new Set<{ readonly text: string; readonly found: () => void }>();
  const config = join(folder, "nats.conf");
  writeFileSync(
    config,
    [
      `listen: "127.0.0.1:${port}"`,
      options.hub
        ? `leafnodes { remotes: [{ url: "nats-leaf://127.0.0.1:${options.hub.leafPort}" }] }`
        : `leafnodes { listen: "127.0.0.1:${leafPort}" }`,
      ...(options.jetstream ? [`jetstream { store_dir: "${folder}/jetstream" }`] : []),
      options.config ?? "",
    ].join("\n"),
    { mode: 0o600 },
  );
  let log = "";
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const started = spawn(file, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    const ready = Promise.withResolvers<void>();
    if (!started.stderr) throw new Error("no stderr");
    createInterface({ input: started.stderr }).on("line", (line) => {
      log += `${line}\n`;
      if (line.includes("Server is ready")) ready.resolve();
      for (const wait of waits) {
        if (!line.includes(wait.text)) continue;
        waits.delete(wait);
        wait.found();
      }
    });
    started.once("exit", () => ready.reject(new Error(`nats-server ended: ${log}`)));
    await ready.promise;
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  await start();
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    leafPort,
    kill,
    start,
    freeze: () => void child?.kill("SIGSTOP"),
    logged: (text) =>
      new Promise((found) => {
        if (log.includes(text)) found();
        else waits.add({ text, found });
      }),
    log: () => log,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Servers that know each other, with JetStream on each. Resolves when they can keep something. */
export async function startNatsCluster(count: number): Promise<Nats[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`).join(", ");
  const servers = await Promise.all(
    ports.map((port, index) =>
      startNats({
        jetstream: true,
        config: `
          server_name: "test-${index}"
          cluster { name: "test", listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  );
  await Promise.all(servers.map(untilItKeeps));
  return servers;
}

/** Resolves when JetStream answers through this server. What it logs of its leader depends on how it came to know it. */
async function untilItKeeps(server: Nats): Promise<void> {
  const until = performance.now() + LEADER_MS;
  const connection = await connect({ servers: server.url });
  try {
    for (;;) {
      const answer = await connection.request("$JS.API.INFO", undefined, { timeout: 1_000 }).catch(() => undefined);
      if (answer && !("error" in answer.json<object>())) return;
      if (performance.now() > until) throw new Error(`JetStream has no leader: ${server.log()}`);
      await delay(50);
    }
  } finally {
    await connection.close();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
