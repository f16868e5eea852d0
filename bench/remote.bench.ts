import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startSquall } from "./loop/squall.ts";

/*
 * One execution of `remote-shell-cmd` on 200 hosts in parallel (50 at once), over the API, until it is completed: first with
 * connections that have to be made, then with those that are kept. The hosts are addresses of this machine with one sshd,
 * so both sides of every handshake share its processors.
 *
 * Not measured: a network, several sshds (each would have a MaxStartups of its own), slow hosts.
 * Options through the environment: HOSTS (200).
 */
const HOSTS = Number(process.env.HOSTS ?? 200);
const TARGET_SECONDS = 5;

const program = ["/usr/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path));
if (program === undefined) {
  console.log("no sshd on this machine; install openssh-server (npm test does so in a container)");
} else {
  await using sshd = await startSshd(program);
  await using squall = await startSquall(["--ssh-key", sshd.keyFile, "--packs", sshd.packs]);
  const hosts = Array.from({ length: HOSTS }, (_, n) => `127.0.${Math.floor(n / 250)}.${(n % 250) + 1}`).join(",");
  const cases = [
    { what: "new connections", command: "true" },
    { what: "kept connections", command: "true" },
    { what: "kept connections, 10 KB of output from each", command: "head -c 10000 /dev/zero | tr '\\0' x" },
  ];
  for (const { what, command } of cases) {
    const seconds = await execute(command);
    const target = what === "new connections" ? `  (target ${TARGET_SECONDS} s)` : "";
    console.log(`${HOSTS} hosts, ${what.padEnd(46)} ${seconds.toFixed(2)} s${target}`);
  }
  console.log(`bare: OpenSSH's ssh, one host after the other, each ${bareSeconds(sshd).toFixed(3)} s`);

  async function execute(cmd: string): Promise<number> {
    const began = performance.now();
    const { json } = await squall.api<{ id: string }>("POST", "/executions", {
      action: "remotebench.everywhere",
      parameters: { hosts, cmd, port: sshd.port },
    });
    for (;;) {
      const found = await squall.api<{ status: string; result: unknown }>("GET", `/executions/${json.id}`);
      if (found.json.status === "succeeded") return (performance.now() - began) / 1000;
      if (!["requested", "scheduled", "running"].includes(found.json.status))
        throw new Error(`${found.json.status}: ${JSON.stringify(found.json.result).slice(0, 2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

interface BenchSshd extends AsyncDisposable {
  readonly port: number;
  readonly keyFile: string;
  /** A folder with a pack of one action. */
  readonly packs: string;
}

async function startSshd(file: string): Promise<BenchSshd> {
  const folder = mkdtempSync(join(tmpdir(), "squall-bench-sshd-"));
  const pack = join(folder, "packs", "remotebench");
  mkdirSync(join(pack, "actions"), { recursive: true });
  writeFileSync(
    join(pack, "pack.yaml"),
    "name: remotebench\ndescription: one action\nversion: 1.0.0\nauthor: bench\nemail: bench@example.com\n",
  );
  writeFileSync(
    join(pack, "actions", "everywhere.yaml"),
    "name: everywhere\nrunner_type: remote-shell-cmd\nenabled: true\nparameters:\n  parallel:\n    default: true\n",
  );
  const [hostKey, keyFile, config] = ["host_key", "id", "sshd_config"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const key of [hostKey, keyFile]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  writeFileSync(
    config,
    `Port ${port}\nListenAddress 0.0.0.0\nHostKey ${hostKey}\nAuthorizedKeysFile ${keyFile}.pub\nPidFile none\nStrictModes no\n` +
      // Not the startup files of whoever runs this.
      `UsePAM no\nMaxStartups 500\nPermitRootLogin yes\nSetEnv HOME=${folder}\n`,
  );
  const child = spawn(file, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface({ input: child.stderr })) if (line.startsWith("Server listening")) break;
  child.stderr.resume();
  return {
    port,
    keyFile,
    packs: join(folder, "packs"),
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function bareSeconds({ port, keyFile }: BenchSshd): number {
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
  const args = ["-p", String(port), "-i", keyFile, ...options.flatMap((one) => ["-o", one]), "127.0.0.1", "true"];
  const runs = 10;
  const began = performance.now();
  for (let n = 0; n < runs; n++) execFileSync("ssh", args);
  return (performance.now() - began) / 1000 / runs;
}
