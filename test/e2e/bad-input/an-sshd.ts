import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Where sshd is; undefined on a machine without. */
export const SSHD = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path));

/** Makes a pair of keys, over one that is there. */
export function makeKey(file: string): void {
  for (const one of [file, `${file}.pub`]) rmSync(one, { force: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "a test's", "-f", file]);
}

/** A real sshd on 127.0.0.1 that shows `folder/host_key` and lets the key `folder/key` in. */
export async function startSshd(program: string, folder: string, port: number): Promise<AsyncDisposable> {
  for (const name of ["host_key", "key"]) if (!existsSync(join(folder, name))) makeKey(join(folder, name));
  const config = join(folder, "sshd_config");
  writeFileSync(
    config,
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${folder}/host_key\nAuthorizedKeysFile ${folder}/key.pub\nPidFile none\n` +
      `StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nSetEnv HOME=${folder}\n`,
  );
  // As root it wants an empty folder of this name, which the system's own start script would make.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const child = spawn(program, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  const ready = Promise.withResolvers<void>();
  let log = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    log += `${line}\n`;
    if (line.startsWith("Server listening")) ready.resolve();
  });
  void ended.then(() => ready.reject(new Error(`sshd ended: ${log}`)));
  await ready.promise;
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}
