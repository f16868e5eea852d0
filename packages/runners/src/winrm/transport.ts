import { createHash, X509Certificate } from "node:crypto";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { messageOf, Unavailable } from "@squall/model";
import { authenticate, channelBinding, createSealer, FLAGS, negotiateMessage, readUser, type Sealer } from "./ntlm.ts";
import { readSealed, SEALED_TYPE, writeSealed } from "./sealed-body.ts";

export interface TransportOptions {
  readonly url: URL;
  readonly username: string;
  readonly password: string;
  readonly scheme: "basic" | "ntlm";
  readonly verifyCertificate: boolean;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Posts WS-Management messages to one host, signed in. */
export interface Transport extends Disposable {
  /** The answer to one message, whatever its status, but for 401. Throws Unavailable; rejects with the reason on abort. */
  post(message: string, signal: AbortSignal): Promise<Answer>;
}

/** A connection that has signed in, with the ciphers of both directions where messages are sealed. */
interface Session {
  readonly socket: Socket;
  readonly sealers?: { readonly ours: Sealer; readonly theirs: Sealer };
}

const ANSWER_BYTES = 16 * 1024 * 1024;
const PLAIN_TYPE = "application/soap+xml;charset=UTF-8";

/**
 * Basic sends user and password with every message. NTLM signs in a connection, so there is one, and over plain HTTP every
 * message on it is sealed; when it is lost the next message signs in a new one.
 */
export function openTransport(options: TransportOptions): Transport {
  const { url } = options;
  const isTls = url.protocol === "https:";
  const settings = { keepAlive: true, maxSockets: 1 } as const;
  const agent = isTls
    ? new HttpsAgent({ ...settings, rejectUnauthorized: options.verifyCertificate })
    : new HttpAgent(settings);
  let session: Session | undefined;

  /** `onSocket` sees the connection before anything is sent on it and may refuse it. */
  const send = (
    headers: Record<string, string>,
    body: Buffer,
    signal: AbortSignal,
    onSocket: (socket: Socket) => void = () => {},
  ): Promise<{ response: IncomingMessage; body: Buffer; socket: Socket }> => {
    const { promise, resolve, reject } = Promise.withResolvers<{
      response: IncomingMessage;
      body: Buffer;
      socket: Socket;
    }>();
    const options = {
      method: "POST",
      agent,
      signal,
      headers: { ...headers, "Content-Length": body.length, "User-Agent": "Squall", Accept: "*/*" },
    };
    const request = (isTls ? httpsRequest : httpRequest)(url, options, (response) => {
      // Taken now: at the end of the answer the connection goes back to the agent.
      const { socket } = response;
      readBody(response).then((read) => resolve({ response, body: read, socket }), reject);
    });
    request.on("socket", (socket) => {
      try {
        onSocket(socket);
      } catch (thrown) {
        request.destroy(thrown instanceof Error ? thrown : new Error(messageOf(thrown)));
        return;
      }
      request.end(body);
    });
    request.on("error", reject);
    return promise;
  };

  const signIn = async (signal: AbortSignal): Promise<Session> => {
    session = undefined;
    const negotiate = negotiateMessage();
    const token = (message: Buffer) => ({ Authorization: `Negotiate ${message.toString("base64")}` });
    const empty = Buffer.alloc(0);
    const first = await send(token(negotiate), empty, signal);
    const challenge = offeredToken(first.response);
    if (challenge === undefined) throw notOffered(options, first.response);
    const { message, sessionKey, flags } = authenticate({
      credentials: readUser(options.username, options.password),
      negotiate,
      challenge,
      targetName: `HTTP/${url.hostname}`,
      channelBinding: bindingOf(first.socket),
      now: new Date(),
    });
    const last = await send(token(message), empty, signal, (socket) => {
      if (socket !== first.socket)
        throw new Unavailable("runner.winrm.ntlm", {
          message: `${url.host} does not keep the connection open for NTLM`,
        });
    });
    if (last.response.statusCode === 401) throw wrongPassword(options);
    const exchanges = (flags & FLAGS.keyExchange) !== 0;
    const sealers = isTls
      ? undefined
      : {
          ours: createSealer(sessionKey, "client-to-server", exchanges),
          theirs: createSealer(sessionKey, "server-to-client", exchanges),
        };
    session = { socket: last.socket, ...(sealers !== undefined && { sealers }) };
    return session;
  };

  const postSignedIn = async (message: Buffer, signal: AbortSignal): Promise<Answer | "lost"> => {
    const { socket, sealers } = session !== undefined && !session.socket.destroyed ? session : await signIn(signal);
    let isOther = false;
    const sealed = sealers?.ours.seal(message);
    const body = sealed === undefined ? message : writeSealed(sealed.sealed, sealed.signature, message.length);
    const headers = { "Content-Type": sealed === undefined ? PLAIN_TYPE : SEALED_TYPE };
    const sent = await send(headers, body, signal, (used) => {
      isOther = used !== socket;
      if (isOther) throw new Error("the connection was lost");
    }).catch((thrown: unknown) => {
      // The ciphers of both sides have gone different ways, if the message was not sent or its answer not read.
      session = undefined;
      socket.destroy();
      if (isOther) return undefined;
      throw thrown;
    });
    // Nobody has seen the message yet, or has looked at it without a sign-in: it may be sent again.
    if (sent === undefined || sent.response.statusCode === 401) {
      session = undefined;
      return "lost";
    }
    const status = sent.response.statusCode ?? 0;
    const isSealed = /^multipart\/encrypted/i.test(sent.response.headers["content-type"] ?? "");
    if (sealers === undefined || (sent.body.length === 0 && !isSealed))
      return { status, text: sent.body.toString("utf8") };
    if (!isSealed)
      throw new Unavailable("runner.winrm.answer", { message: `${url.host} answers ${status} without encryption` });
    const parts = readSealed(sent.body);
    return { status, text: sealers.theirs.unseal(parts.sealed, parts.signature).toString("utf8") };
  };

  return {
    async post(message, signal) {
      const body = Buffer.from(message, "utf8");
      try {
        signal.throwIfAborted();
        if (options.scheme === "basic") {
          const secret = Buffer.from(`${options.username}:${options.password}`).toString("base64");
          const sent = await send({ "Content-Type": PLAIN_TYPE, Authorization: `Basic ${secret}` }, body, signal);
          if (sent.response.statusCode === 401) {
            const offered = sent.response.headers["www-authenticate"] ?? "";
            throw /basic/i.test(offered) ? wrongPassword(options) : notOffered(options, sent.response);
          }
          return { status: sent.response.statusCode ?? 0, text: sent.body.toString("utf8") };
        }
        for (let tries = 0; tries < 2; tries++) {
          const answer = await postSignedIn(body, signal);
          if (answer !== "lost") return answer;
        }
        throw new Unavailable("runner.winrm.ntlm", { message: `${url.host} forgets the sign-in at once` });
      } catch (thrown) {
        signal.throwIfAborted();
        throw explained(options, thrown);
      }
    },
    [Symbol.dispose]() {
      agent.destroy();
    },
  };
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES)
      throw new Unavailable("runner.winrm.answer", { message: `the host answers with over ${ANSWER_BYTES} bytes` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The token in `WWW-Authenticate: Negotiate <base64>`. */
function offeredToken(response: IncomingMessage): Buffer | undefined {
  const [, token] = /(?:negotiate|ntlm) ([A-Za-z0-9+/=]+)/i.exec(response.headers["www-authenticate"] ?? "") ?? [];
  return token === undefined ? undefined : Buffer.from(token, "base64");
}

/** RFC 5929: a hash of the certificate with its own signature's hash function, or SHA-256 for weaker ones. */
function bindingOf(socket: Socket): Buffer | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerCertificate();
  if (certificate.raw === undefined) return undefined;
  const [, name = "256"] =
    /sha-?(256|384|512)/i.exec(new X509Certificate(certificate.raw).signatureAlgorithm ?? "") ?? [];
  return channelBinding(createHash(`sha${name}`).update(certificate.raw).digest());
}

function wrongPassword({ url, username, scheme }: TransportOptions): Unavailable {
  return new Unavailable("runner.winrm.sign-in", {
    message: `${url.host} does not let ${username} in with this password (${scheme})`,
  });
}

function notOffered({ url, scheme }: TransportOptions, response: IncomingMessage): Unavailable {
  const offered = response.headers["www-authenticate"];
  const what =
    response.statusCode === 401
      ? `offers ${offered === undefined ? "no way to sign in" : offered.replaceAll(/ [A-Za-z0-9+/=]{20,}/g, "")}`
      : `answers ${response.statusCode}: is WinRM there?`;
  return new Unavailable("runner.winrm.sign-in", {
    message: `${url.host} cannot be signed in to by ${scheme}: it ${what}`,
  });
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses the connection",
  ENOTFOUND: "is not known",
  EAI_AGAIN: "is not known: the name service does not answer",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  ETIMEDOUT: "does not answer",
  ECONNRESET: "broke the connection off",
  EPIPE: "broke the connection off",
};

function explained({ url, verifyCertificate }: TransportOptions, thrown: unknown): unknown {
  if (thrown instanceof Unavailable) return thrown;
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code) && verifyCertificate;
  const what = isCertificate
    ? `has a certificate that is not trusted (${messageOf(thrown)}); trust its authority, or set verify_ssl_cert to false`
    : (NETWORK[code] ?? `could not be asked: ${messageOf(thrown)}`);
  return new Unavailable("runner.winrm.unreachable", { message: `${url.host} ${what}`, cause: thrown });
}
