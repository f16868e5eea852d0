import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash, createHmac, randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, appendFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { md4 } from "./md4.ts";
import { createRc4 } from "./rc4.ts";
import { findAll, readXml } from "./xml.ts";

/*
 * For tests: a host that speaks WinRM's server side, written from the protocol's description and checking what the client
 * sends: NTLM with its MIC and channel binding, sealed bodies, the messages of shells. Commands run in sh, and what comes
 * as PowerShell is taken for sh too, but for the few lines with which the client brings a long script over.
 */
export interface WindowsHost extends AsyncDisposable {
  readonly port: number;
  /** What shells are still open, and what temporary scripts lie around. */
  readonly shells: ReadonlyMap<string, unknown>;
  scripts(): readonly string[];
  /** Messages that were served, by action. */
  readonly served: string[];
  /** Breaks off all connections. */
  disconnect(): void;
}

export interface WindowsHostOptions {
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly offers?: "basic" | "ntlm" | "kerberos";
  /** Closes the connection after this many messages, as a host may. */
  readonly closesAfter?: number;
}

export const USER = "ada";
export const DOMAIN = "CORP";
export const PASSWORD = "pa55w\u00f6rd";
/** Instead of the 20 s that the client asks for, so that waiting is seen. */
const HOLD_MS = 100;

interface Session {
  negotiate?: Buffer;
  challenge?: Buffer;
  isSignedIn?: boolean;
  open?: (sealed: Buffer, signature: Buffer) => Buffer;
  seal?: (message: Buffer) => { sealed: Buffer; signature: Buffer };
  messages: number;
}

interface Command {
  readonly child: ChildProcess;
  readonly output: { name: string; bytes: Buffer }[];
  code?: number;
  wake(): void;
}

interface Shell {
  readonly environment: Record<string, string>;
  readonly cwd: string | undefined;
  readonly commands: Map<string, Command>;
}

const hmac = (key: Buffer, ...parts: Buffer[]) => createHmac("md5", key).update(Buffer.concat(parts)).digest();
const md5 = (...parts: (Buffer | string)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash("md5")).digest();
const utf16 = (text: string) => Buffer.from(text, "utf16le");

export async function startWindowsHost(options: WindowsHostOptions = {}): Promise<WindowsHost> {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-windows-"));
  const sessions = new WeakMap<Socket, Session>();
  const sockets = new Set<Socket>();
  const shells = new Map<string, Shell>();
  const served: string[] = [];
  const offers = options.offers ?? "ntlm";

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      serve(request, response, Buffer.concat(chunks)).catch((thrown: unknown) => {
        response.writeHead(400).end(String(thrown));
      });
    });
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });

  async function serve(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    if (request.url !== "/wsman" || request.method !== "POST") return void response.writeHead(404).end();
    const session = sessions.get(request.socket) ?? { messages: 0 };
    sessions.set(request.socket, session);
    const [, scheme = "", token = ""] = /^(\w+) (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    const refuse = (challenge: string) => void response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    if (offers === "kerberos") return refuse("Kerberos");
    if (offers === "basic") {
      if (Buffer.from(token, "base64").toString() !== `${USER}:${PASSWORD}`) return refuse('Basic realm="WSMAN"');
    } else if (scheme === "Negotiate") {
      const message = Buffer.from(token, "base64");
      if (message.readUInt32LE(8) === 1) {
        session.negotiate = message;
        session.challenge = challengeMessage();
        return refuse(`Negotiate ${session.challenge.toString("base64")}`);
      }
      if (!accepts(session, message, options.tls)) return refuse("Negotiate");
      session.isSignedIn = true;
      return void response.writeHead(200).end();
    } else if (session.isSignedIn !== true) return refuse("Negotiate");

    const isSealed = offers === "ntlm" && options.tls === undefined;
    const message = isSealed ? unsealed(session, request, body) : body;
    const answer = await answerTo(message.toString("utf8"));
    session.messages++;
    const close = session.messages === options.closesAfter ? { Connection: "close" } : {};
    if (!isSealed) {
      response.writeHead(answer.status, { "Content-Type": "application/soap+xml;charset=UTF-8", ...close });
      return void response.end(answer.text);
    }
    const plain = Buffer.from(answer.text);
    const { sealed, signature } = session.seal?.(plain) ?? { sealed: plain, signature: plain };
    const length = Buffer.alloc(4);
    length.writeUInt32LE(16);
    response.writeHead(answer.status, {
      "Content-Type":
        'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"',
      ...close,
    });
    response.end(
      Buffer.concat([
        Buffer.from(
          `--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=${plain.length}\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n`,
        ),
        length,
        signature,
        sealed,
        Buffer.from("--Encrypted Boundary--\r\n"),
      ]),
    );
  }

  async function answerTo(text: string): Promise<{ status: number; text: string }> {
    const envelope = readXml(text);
    const value = (name: string) => findAll(envelope, name)[0]?.text ?? "";
    if (!value("ResourceURI").endsWith("/windows/shell/cmd")) throw new Error("no resource");
    if (!value("To").endsWith("/wsman") || !/^uuid:[0-9A-F-]{36}$/.test(value("MessageID"))) throw new Error("header");
    const action = value("Action").split("/").at(-1) ?? "";
    served.push(action);
    const wrap = (body: string, status = 200) => ({
      status,
      text: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header/><s:Body>${body}</s:Body></s:Envelope>`,
    });
    const fault = (subcode: string, code: string, words: string) =>
      wrap(
        `<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>${subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">${words}</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="${code}"><f:Message>${words}</f:Message></f:WSManFault></s:Detail></s:Fault>`,
        500,
      );
    const option = (name: string) =>
      findAll(envelope, "Option").find(({ attributes }) => attributes.Name === name)?.text;
    if (action === "Create") {
      if (option("WINRS_CODEPAGE") !== "65001") throw new Error("no UTF-8");
      const id = randomUUID().toUpperCase();
      const environment = Object.fromEntries(
        findAll(envelope, "Variable").map(({ attributes, text: content }) => [attributes.Name ?? "", content]),
      );
      const cwd = findAll(envelope, "WorkingDirectory")[0]?.text;
      if (cwd?.startsWith("Z:")) return fault("w:InternalError", "267", "The directory name is invalid. ");
      shells.set(id, { environment, cwd, commands: new Map() });
      return wrap(`<rsp:Shell><rsp:ShellId>${id}</rsp:ShellId></rsp:Shell>`);
    }
    const shell = shells.get(findAll(envelope, "Selector")[0]?.text ?? "");
    if (shell === undefined) return fault("w:InvalidSelectors", "2150858843", "There is no such shell.");
    if (action === "Delete") {
      for (const command of shell.commands.values()) end(command);
      shells.delete(findAll(envelope, "Selector")[0]?.text ?? "");
      return wrap("");
    }
    if (action === "Command") {
      const id = randomUUID().toUpperCase();
      shell.commands.set(id, begin(shell, value("Command")));
      return wrap(`<rsp:CommandResponse><rsp:CommandId>${id}</rsp:CommandId></rsp:CommandResponse>`);
    }
    const holder = findAll(envelope, action === "Receive" ? "DesiredStream" : "Signal")[0];
    const command = shell.commands.get(holder?.attributes.CommandId ?? "");
    if (command === undefined) return fault("w:InvalidSelectors", "2150858843", "There is no such command.");
    if (action === "Signal") {
      end(command);
      return wrap("<rsp:SignalResponse/>");
    }
    if (command.output.length === 0 && command.code === undefined) {
      const waited = Promise.withResolvers<void>();
      const timer = setTimeout(waited.resolve, HOLD_MS);
      command.wake = waited.resolve;
      await waited.promise;
      clearTimeout(timer);
    }
    if (command.output.length === 0 && command.code === undefined)
      return fault("w:TimedOut", "2150858793", "The operation did not complete in time.");
    const streams = command.output
      .splice(0)
      .map(({ name, bytes }) => `<rsp:Stream Name="${name}" CommandId="x">${bytes.toString("base64")}</rsp:Stream>`);
    const state = command.code === undefined ? "Running" : "Done";
    const code = command.code === undefined ? "" : `<rsp:ExitCode>${command.code}</rsp:ExitCode>`;
    return wrap(
      `<rsp:ReceiveResponse>${streams.join("")}<rsp:CommandState CommandId="x" State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/${state}">${code}</rsp:CommandState></rsp:ReceiveResponse>`,
    );
  }

  function begin(shell: Shell, line: string): Command {
    if (line.length > 8191) throw new Error("The command line is too long.");
    const child = spawn("/bin/sh", ["-c", meaning(line)], {
      cwd: shell.cwd ?? folder,
      env: { PATH: process.env.PATH, ...shell.environment },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const command: Command = { child, output: [], wake: () => {} };
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.on("data", (bytes: Buffer) => {
        command.output.push({ name, bytes });
        command.wake();
      });
    child.on("close", (code) => {
      command.code = code ?? 1;
      command.wake();
    });
    return command;
  }

  function meaning(line: string): string {
    const [, encoded] = /^powershell -encodedcommand ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    if (encoded === undefined) return line;
    const script = Buffer.from(encoded, "base64").toString("utf16le");
    const [, name] = /GetTempPath\(\)\) '([\w.-]+)'/.exec(script) ?? [];
    if (name === undefined) return script;
    const path = join(folder, name);
    const [, chunk] = /FromBase64String\('([^']*)'\)/.exec(script) ?? [];
    if (chunk !== undefined) {
      appendFileSync(path, Buffer.from(chunk, "base64"));
      return "true";
    }
    return script.includes("Remove-Item") ? `rm ${path}` : `. ${path}`;
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    shells,
    served,
    scripts: () => readdirSync(folder),
    disconnect: () => {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const shell of shells.values()) for (const command of shell.commands.values()) end(command);
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function end({ child }: Command): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** MS-NLMP 2.2.1.2, with the server's time in it as every Windows since Vista sends it. */
function challengeMessage(): Buffer {
  const pair = (id: number, value: Buffer) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id);
    head.writeUInt16LE(value.length, 2);
    return Buffer.concat([head, value]);
  };
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(Date.now()) + 11_644_473_600_000n) * 10_000n);
  const info = Buffer.concat([pair(2, utf16(DOMAIN)), pair(1, utf16("HOST")), pair(7, time), Buffer.alloc(4)]);
  const message = Buffer.alloc(56);
  message.write("NTLMSSP\0", "latin1");
  message.writeUInt32LE(2, 8);
  message.writeUInt32LE(56, 16);
  message.writeUInt32LE(0xe28a8235, 20);
  randomBytes(8).copy(message, 24);
  message.writeUInt16LE(info.length, 40);
  message.writeUInt16LE(info.length, 42);
  message.writeUInt32LE(56, 44);
  return Buffer.concat([message, info]);
}

/** Checks the client's last message against the user's password, and makes the keys of the session. */
function accepts(session: Session, message: Buffer, tls: WindowsHostOptions["tls"]): boolean {
  if (session.challenge === undefined || session.negotiate === undefined) return false;
  const field = (index: number) => {
    const at = 12 + index * 8;
    const start = message.readUInt32LE(at + 4);
    return message.subarray(start, start + message.readUInt16LE(at));
  };
  const [lm, response, domain, user, , sentKey] = [0, 1, 2, 3, 4, 5].map(field) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  if (user.toString("utf16le").toLowerCase() !== USER || !lm.equals(Buffer.alloc(24))) return false;
  const key = hmac(md4(utf16(PASSWORD)), utf16(user.toString("utf16le").toUpperCase() + domain.toString("utf16le")));
  const [proof, blob] = [response.subarray(0, 16), response.subarray(16)];
  if (!hmac(key, session.challenge.subarray(24, 32), blob).equals(proof)) return false;
  const baseKey = hmac(key, proof);
  const exported = createRc4(baseKey)(sentKey);
  const blank = Buffer.from(message);
  blank.fill(0, 72, 88);
  if (!hmac(exported, session.negotiate, session.challenge, blank).equals(message.subarray(72, 88))) return false;
  const pairs = new Map<number, Buffer>();
  for (let at = 28; blob.readUInt16LE(at) !== 0; at += 4 + blob.readUInt16LE(at + 2))
    pairs.set(blob.readUInt16LE(at), blob.subarray(at + 4, at + 4 + blob.readUInt16LE(at + 2)));
  if (pairs.get(6)?.readUInt32LE() !== 2 || pairs.get(9)?.toString("utf16le") !== "HTTP/127.0.0.1") return false;
  if (!pairs.get(10)?.equals(expectedBinding(tls))) return false;

  const keyOf = (direction: string, purpose: string) =>
    md5(exported, `session key to ${direction} ${purpose} key magic constant\0`);
  const direction = (name: string) => {
    const [signing, stream] = [keyOf(name, "signing"), createRc4(keyOf(name, "sealing"))];
    let number = 0;
    return {
      stream,
      sign: (plain: Buffer) => {
        const sequence = Buffer.alloc(4);
        sequence.writeUInt32LE(number++);
        const checksum = stream(hmac(signing, sequence, plain).subarray(0, 8));
        return Buffer.concat([Buffer.from([1, 0, 0, 0]), checksum, sequence]);
      },
    };
  };
  const [from, to] = [direction("client-to-server"), direction("server-to-client")];
  session.open = (sealed, signature) => {
    const plain = from.stream(sealed);
    if (!from.sign(plain).equals(signature)) throw new Error("wrong signature");
    return plain;
  };
  session.seal = (plain) => {
    const sealed = to.stream(plain);
    return { sealed, signature: to.sign(plain) };
  };
  return true;
}

/** RFC 5929 and MS-NLMP 2.2.2.1: MD5 of a gss_channel_bindings_struct without addresses. */
function expectedBinding(tls: WindowsHostOptions["tls"]): Buffer {
  if (tls === undefined) return Buffer.alloc(16);
  const hash = createHash("sha256").update(new X509Certificate(tls.cert).raw).digest();
  const data = Buffer.concat([Buffer.from("tls-server-end-point:"), hash]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(data.length, 16);
  return md5(head, data);
}

function unsealed(session: Session, request: IncomingMessage, body: Buffer): Buffer {
  if (request.headers["content-type"]?.startsWith("multipart/encrypted;") !== true) throw new Error("not encrypted");
  const mark = "\tContent-Type: application/octet-stream\r\n";
  const start = body.indexOf(mark) + mark.length;
  const [, plainBytes] = /;Length=(\d+)\r\n/.exec(body.toString("latin1", 0, start)) ?? [];
  const length = body.readUInt32LE(start);
  const sealed = body.subarray(start + 4 + length, body.length - "--Encrypted Boundary--\r\n".length);
  if (sealed.length !== Number(plainBytes) || session.open === undefined) throw new Error("wrong length");
  return session.open(sealed, body.subarray(start + 4, start + 4 + length));
}

/** A certificate that nobody trusts, for 127.0.0.1. Undefined where the machine has no openssl. */
export function selfSigned(): { readonly key: string; readonly cert: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), "squall-test-certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const request = [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=127.0.0.1",
      "-sha256",
    ];
    execFileSync("openssl", [...request, "-keyout", key, "-out", cert], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
