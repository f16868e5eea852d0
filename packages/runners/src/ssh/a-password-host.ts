import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import ssh2 from "ssh2";

/** For tests: an SSH server that lets in by a password alone, which an sshd without PAM and accounts cannot be asked for. */
export interface PasswordHost extends AsyncDisposable {
  readonly port: number;
}

/** `asks` by a question (keyboard-interactive) or not; it runs commands with sh, and has no SFTP. */
export async function startPasswordHost(password: string, asks: boolean): Promise<PasswordHost> {
  const { privateKey: hostKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const clients = new Set<ssh2.Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    clients.add(client);
    client.on("error", () => {});
    client.on("close", () => clients.delete(client));
    client.on("authentication", (context) => {
      if (!asks && context.method === "password" && context.password === password) return context.accept();
      if (asks && context.method === "keyboard-interactive")
        return context.prompt([{ prompt: "Password: ", echo: false }], (answers) =>
          answers[0] === password ? context.accept() : context.reject(),
        );
      context.reject([asks ? "keyboard-interactive" : "password"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const child = spawn("/bin/sh", ["-c", command], { stdio: "pipe" });
        channel.pipe(child.stdin);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
          channel.exit(code ?? 255);
          channel.end();
        });
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.end();
      server.close();
      await once(server, "close");
    },
  };
}
