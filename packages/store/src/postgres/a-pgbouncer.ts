import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, chownSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** For tests: a PgBouncer before a server of ours, pooling by transaction. */
export interface TestPgBouncer extends AsyncDisposable {
  /** The address of a database through it. */
  through(url: string): string;
}

function program(): string | undefined {
  return [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"]
    .map((folder) => join(folder, "pgbouncer"))
    .find((file) => existsSync(file));
}

/** Why there can be none here; undefined where there can. */
export function whyNoPgBouncer(): string | undefined {
  return program() === undefined ? "PgBouncer is not installed here (Debian: apt-get install pgbouncer)" : undefined;
}

/** `url`: of any database of the server. */
export async function startPgBouncer(url: string, settings: readonly string[] = []): Promise<TestPgBouncer> {
  const file = program();
  if (file === undefined) throw new Error("PgBouncer is not installed here");
  const socket = decodeURIComponent(/host=([^&]*)/.exec(url)?.[1] ?? "");
  const folder = mkdtempSync(join(tmpdir(), "squall-pgbouncer-"));
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"]));
  // Like the server, it does not run as root.
  const as = process.getuid?.() === 0 ? { uid: id("-u"), gid: id("-g") } : undefined;
  if (as) chownSync(folder, as.uid, as.gid);
  writeFileSync(join(folder, "users"), '"postgres" ""\n');
  writeFileSync(
    join(folder, "pgbouncer.ini"),
    `[databases]
* = host=${socket}
[pgbouncer]
listen_port = 6432
unix_socket_dir = ${folder}
auth_type = trust
auth_file = ${join(folder, "users")}
pool_mode = transaction
max_client_conn = 500
default_pool_size = 5
server_idle_timeout = 2
${settings.join("\n")}
`,
  );
  const child = spawn(file, ["-q", join(folder, "pgbouncer.ini")], { ...as, cwd: folder, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`);
    const isThere = await new Promise<boolean>((resolve) => {
      const probe = connect(join(folder, ".s.PGSQL.6432"), () => resolve(true)).on("error", () => resolve(false));
      probe.once("connect", () => probe.destroy());
    });
    if (isThere) break;
    await new Promise((resolve) => setTimeout(resolve, 20)); // it starts; there is nothing to wait for
  }
  return {
    through: (direct) => direct.replace(/host=[^&]*/, `host=${encodeURIComponent(folder)}&port=6432`),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
