import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** For tests: a real OpenSSH server on every loopback address of this machine, with keys of its own. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** A folder for what belongs to the test. */
  readonly folder: string;
  /** The private key that it lets in, of the user who runs the test. */
  readonly keyFile: string;
  readonly hostKeyFile: string;
  /** What it logged so far. */
  log(): string;
}

const PLACES = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"];
const INSTALL_MS = 180_000;
const run = promisify(execFile);

/**
 * Where the machine's sshd is. Where there is none it is installed, if that can be done without starting a service: by
 * root of a Debian-like system that systemd does not run, such as a container.
 */
export async function findSshd(): Promise<{ readonly file: string } | { readonly missing: string }> {
  const file = () => PLACES.find((path) => existsSync(path));
  const there = file();
  if (there !== undefined) return { file: there };
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
    return { missing: "no sshd on this machine (install openssh-server)" };
  if (existsSync("/run/systemd/system"))
    return {
      missing: "no sshd on this machine; installing openssh-server would start a service, which is left to you",
    };
  const options = {
    timeout: INSTALL_MS,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  };
  try {
    await run("apt-get", ["update"], options);
    await run("apt-get", ["install", "-y", "--no-install-recommends", "openssh-server"], options);
  } catch (thrown) {
    const said = thrown instanceof Error ? (thrown.message.trim().split("\n").at(-1) ?? "") : String(thrown);
    return { missing: `openssh-server could not be installed: ${said}` };
  }
  const installed = file();
  return installed === undefined ? { missing: "openssh-server has no sshd" } : { file: installed };
}

export interface SshdOptions {
  /** More lines of sshd_config. */
  readonly config?: readonly string[];
  /** Where sessions look for programs first. */
  readonly bin?: string;
  /** Go on with the keys and folder of another one. */
  readonly folder?: string;
  readonly port?: number;
}

/** Starts one and waits until it answers. */
export async function startSshd(file: string, options: SshdOptions = {}): Promise<Sshd> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "squall-test-sshd-"));
  const [hostKeyFile, keyFile] = [join(folder, "host_key"), join(folder, "id_ed25519")];
  for (const key of [hostKeyFile, keyFile]) if (!existsSync(key)) makeKey(key);
  const authorized = join(folder, "authorized_keys");
  if (!existsSync(authorized)) writeFileSync(authorized, readFileSync(`${keyFile}.pub`), { mode: 0o600 });
  const port = options.port ?? (await freePort());
  const config = join(folder, `sshd_config_${port}`);
  writeFileSync(
    config,
    [
      `Port ${port}`,
      // Every address of 127.0.0.0/8 is this machine.
      "ListenAddress 0.0.0.0",
      "ListenAddress ::1",
      `HostKey ${hostKeyFile}`,
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${join(folder, `sshd_${port}.pid`)}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin yes",
      "MaxStartups 500",
      "LogLevel VERBOSE",
      "Subsystem sftp internal-sftp",
      // Not the startup files of whoever runs the test.
      `SetEnv HOME=${folder}${options.bin === undefined ? "" : ` PATH=${options.bin}:/usr/bin:/bin`}`,
      ...(options.config ?? []),
      "",
    ].join("\n"),
  );
  // As root it wants an empty folder of this name, which the system's own start script would make.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const child = spawn(file, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    log += `${line}\n`;
    if (line.startsWith("Server listening on 0.0.0.0")) ready.resolve();
  });
  child.once("exit", () => ready.reject(new Error(`sshd ended: ${log}`)));
  await ready.promise;
  return {
    port,
    folder,
    keyFile,
    hostKeyFile,
    log: () => log,
    async [Symbol.asyncDispose]() {
      await stop(child);
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An unencrypted key pair of OpenSSH's, or one with a passphrase. */
export function makeKey(file: string, passphrase = "", type = "ed25519"): void {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "a test's", "-f", file]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
