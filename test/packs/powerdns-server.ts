import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../e2e/server-process.ts";

/** For tests: a real PowerDNS Authoritative Server with an empty database and its HTTP API. */
export interface PowerDns extends AsyncDisposable {
  readonly url: string;
  readonly apiKey: string;
}

const FILE = "/usr/sbin/pdns_server";
const SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";
const INSTALL_MS = 180_000;
const API_KEY = "key-of-the-test";

/** Why there can be none; undefined where there can. Installs it in a container of a Debian-like system, by root. */
export async function whyNoPowerDns(): Promise<string | undefined> {
  if (existsSync(FILE) && existsSync(SCHEMA)) return undefined;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get") || existsSync("/run/systemd/system"))
    return "PowerDNS is not on this machine (pdns-server, pdns-backend-sqlite3)";
  const options = { timeout: INSTALL_MS, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" } };
  const run = promisify(execFile);
  try {
    await run("apt-get", ["update"], options);
    const packages = ["pdns-server", "pdns-backend-sqlite3"];
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], options);
  } catch (thrown) {
    const said = thrown instanceof Error ? (thrown.message.trim().split("\n").at(-1) ?? "") : String(thrown);
    return `PowerDNS could not be installed: ${said}`;
  }
  return existsSync(FILE) && existsSync(SCHEMA) ? undefined : "the packages have no PowerDNS";
}

export async function startPowerDns(): Promise<PowerDns> {
  const folder = mkdtempSync(join(tmpdir(), "squall-pdns-"));
  const database = join(folder, "pdns.sqlite3");
  const db = new DatabaseSync(database);
  db.exec(readFileSync(SCHEMA, "utf8"));
  db.close();
  const [port, dnsPort] = [await freePort(), await freePort()];
  writeFileSync(
    join(folder, "pdns.conf"),
    [
      "launch=gsqlite3",
      `gsqlite3-database=${database}`,
      "local-address=127.0.0.1",
      `local-port=${dnsPort}`,
      `socket-dir=${folder}`,
      "webserver=yes",
      "webserver-address=127.0.0.1",
      `webserver-port=${port}`,
      "api=yes",
      `api-key=${API_KEY}`,
      "daemon=no",
      "guardian=no",
      "security-poll-suffix=",
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  const child = spawn(FILE, [`--config-dir=${folder}`], { stdio: "ignore" });
  const closed = once(child, "close");
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PowerDNS ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/api/v1/servers`, { headers: { "X-API-Key": API_KEY } }).catch(() => undefined);
    if (answer?.ok) break;
    await delay(50); // it starts; there is nothing else to wait for
  }
  return {
    url,
    apiKey: API_KEY,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
