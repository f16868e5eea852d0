import { createHash, createHmac, randomBytes } from "node:crypto";
import { Unavailable } from "@squall/model";
import { md4 } from "./md4.ts";
import { createRc4 } from "./rc4.ts";

/*
 * The client's half of NTLMv2, as Microsoft's [MS-NLMP] describes it (sections in the comments). NTLMv1 and LM are not
 * spoken: a server that asks for them is refused.
 */

/** Section 2.2.2.5. */
export const FLAGS = {
  unicode: 0x0000_0001,
  requestTarget: 0x0000_0004,
  sign: 0x0000_0010,
  seal: 0x0000_0020,
  ntlm: 0x0000_0200,
  alwaysSign: 0x0000_8000,
  extendedSecurity: 0x0008_0000,
  targetInfo: 0x0080_0000,
  version: 0x0200_0000,
  key128: 0x2000_0000,
  keyExchange: 0x4000_0000,
  key56: 0x8000_0000,
} as const;

/** What this client asks for. */
const WANTED = Object.values(FLAGS).reduce((all, flag) => (all | flag) >>> 0, 0);
/** Without these there is no NTLMv2 session with the strength that is asked for here. */
const NEEDED = (FLAGS.unicode | FLAGS.ntlm | FLAGS.extendedSecurity | FLAGS.key128) >>> 0;

/** Section 2.2.2.1. */
const AV = { end: 0, flags: 6, timestamp: 7, targetName: 9, channelBindings: 10 } as const;
const SIGNATURE = Buffer.from("NTLMSSP\0", "latin1");
/** Section 2.2.2.10: Windows 10, revision 15. Servers only log it. */
const VERSION = Buffer.from([10, 0, 0, 0, 0, 0, 0, 15]);
/** Of the AUTHENTICATE message, up to and with its MIC (section 2.2.1.3). */
const HEADER_BYTES = 88;
const MIC_AT = 72;

export interface Credentials {
  readonly user: string;
  /** Empty for names like `user@example.org`, where the server finds it. */
  readonly domain: string;
  readonly password: string;
}

export interface Challenge {
  readonly flags: number;
  readonly serverChallenge: Buffer;
  readonly targetInfo: Buffer;
}

export interface Authentication {
  readonly message: Buffer;
  /** What signing and sealing keys are made from. */
  readonly sessionKey: Buffer;
  readonly flags: number;
}

/** `DOMAIN\user`, `user@domain` or a user of the machine itself. */
export function readUser(name: string, password: string): Credentials {
  const [, domain, user] = /^([^\\]*)\\(.*)$/s.exec(name) ?? [];
  return { user: user ?? name, domain: domain ?? "", password };
}

/** The first message (2.2.1.1). */
export function negotiateMessage(): Buffer {
  const message = Buffer.alloc(40);
  SIGNATURE.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(WANTED, 12);
  VERSION.copy(message, 32);
  return message;
}

/** Reads the server's answer (2.2.1.2). Throws Unavailable for what is none, or offers too little. */
export function readChallenge(message: Buffer): Challenge {
  if (message.length < 48 || !message.subarray(0, 8).equals(SIGNATURE) || message.readUInt32LE(8) !== 2)
    throw refused("the host's answer is no NTLM challenge");
  const flags = message.readUInt32LE(20);
  if ((flags & NEEDED) >>> 0 !== NEEDED) throw refused("the host offers no NTLMv2 with 128 bit keys");
  const [length, offset] = [message.readUInt16LE(40), message.readUInt32LE(44)];
  if (offset + length > message.length) throw refused("the host's NTLM challenge is cut off");
  return { flags, serverChallenge: message.subarray(24, 32), targetInfo: message.subarray(offset, offset + length) };
}

/** NTOWFv2 (3.3.2): what a password becomes. */
export function responseKey({ user, domain, password }: Credentials): Buffer {
  return hmac(md4(utf16(password)), utf16(user.toUpperCase() + domain));
}

/** The NTLMv2 response and the key that both sides then have (3.3.2). */
export function ntlmV2Response(
  key: Buffer,
  serverChallenge: Buffer,
  clientChallenge: Buffer,
  time: Buffer,
  targetInfo: Buffer,
): { readonly response: Buffer; readonly proof: Buffer; readonly baseKey: Buffer } {
  const temp = Buffer.concat([
    Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]),
    time,
    clientChallenge,
    Buffer.alloc(4),
    targetInfo,
    Buffer.alloc(4),
  ]);
  const proof = hmac(key, Buffer.concat([serverChallenge, temp]));
  return { response: Buffer.concat([proof, temp]), proof, baseKey: hmac(key, proof) };
}

export interface AuthenticateRequest {
  readonly credentials: Credentials;
  /** The first two messages as they went over the wire: the MIC covers them. */
  readonly negotiate: Buffer;
  readonly challenge: Buffer;
  /** `HTTP/host`: servers may check that the client meant them. */
  readonly targetName: string;
  /** MD5 of the TLS channel's binding, for servers that check that nobody passes the messages on. */
  readonly channelBinding?: Buffer | undefined;
  readonly now: Date;
  /** For tests; random otherwise. */
  readonly clientChallenge?: Buffer;
  readonly exportedKey?: Buffer;
}

/** The last message (2.2.1.3), with a MIC over all three. */
export function authenticate(request: AuthenticateRequest): Authentication {
  const challenge = readChallenge(request.challenge);
  const { user, domain } = request.credentials;
  const key = responseKey(request.credentials);
  const clientChallenge = request.clientChallenge ?? randomBytes(8);
  const pairs = readPairs(challenge.targetInfo);
  const serverTime = pairs.find(({ id }) => id === AV.timestamp)?.value;
  const time = serverTime ?? fileTime(request.now);
  const { response, baseKey } = ntlmV2Response(
    key,
    challenge.serverChallenge,
    clientChallenge,
    time,
    writePairs([
      ...pairs.filter(({ id }) => ![AV.flags, AV.targetName, AV.channelBindings].some((own) => own === id)),
      // 2: there is a MIC.
      { id: AV.flags, value: Buffer.from([2, 0, 0, 0]) },
      { id: AV.targetName, value: utf16(request.targetName) },
      { id: AV.channelBindings, value: request.channelBinding ?? Buffer.alloc(16) },
    ]),
  );
  // With the server's time the LM response is all zeros (3.1.5.1.2).
  const lmResponse =
    serverTime === undefined
      ? Buffer.concat([hmac(key, Buffer.concat([challenge.serverChallenge, clientChallenge])), clientChallenge])
      : Buffer.alloc(24);
  const flags = (challenge.flags & WANTED) >>> 0;
  const exchanges = (flags & FLAGS.keyExchange) !== 0;
  const sessionKey = exchanges ? (request.exportedKey ?? randomBytes(16)) : baseKey;
  const sentKey = exchanges ? createRc4(baseKey)(sessionKey) : Buffer.alloc(0);

  const message = Buffer.alloc(HEADER_BYTES);
  SIGNATURE.copy(message);
  message.writeUInt32LE(3, 8);
  let at = HEADER_BYTES;
  const parts = [lmResponse, response, utf16(domain), utf16(user), Buffer.alloc(0), sentKey];
  for (const [index, part] of parts.entries()) {
    const field = 12 + index * 8;
    message.writeUInt16LE(part.length, field);
    message.writeUInt16LE(part.length, field + 2);
    message.writeUInt32LE(at, field + 4);
    at += part.length;
  }
  message.writeUInt32LE(flags, 60);
  VERSION.copy(message, 64);
  const whole = Buffer.concat([message, ...parts]);
  hmac(sessionKey, Buffer.concat([request.negotiate, request.challenge, whole])).copy(whole, MIC_AT);
  return { message: whole, sessionKey, flags };
}

export interface AvPair {
  readonly id: number;
  readonly value: Buffer;
}

export function readPairs(bytes: Buffer): readonly AvPair[] {
  const pairs: AvPair[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [id, length] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (id === AV.end) break;
    if (at + 4 + length > bytes.length) throw refused("the host's NTLM challenge is cut off");
    pairs.push({ id, value: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return pairs;
}

export function writePairs(pairs: readonly AvPair[]): Buffer {
  const parts = pairs.flatMap(({ id, value }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(id, 0);
    head.writeUInt16LE(value.length, 2);
    return [head, value];
  });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

/** The binding to a TLS channel: MD5 over the structure of RFC 5929's `tls-server-end-point` (MS-NLMP 3.1.5.1.2). */
export function channelBinding(certificateHash: Buffer): Buffer {
  const data = Buffer.concat([Buffer.from("tls-server-end-point:", "latin1"), certificateHash]);
  const structure = Buffer.alloc(20);
  structure.writeUInt32LE(data.length, 16);
  return createHash("md5").update(structure).update(data).digest();
}

/** Sections 3.4.5.2 and 3.4.5.3. */
export function sessionKeys(sessionKey: Buffer, direction: "client-to-server" | "server-to-client") {
  const key = (purpose: string) =>
    createHash("md5")
      .update(sessionKey)
      .update(`session key to ${direction} ${purpose} key magic constant\0`, "latin1")
      .digest();
  return { signing: key("signing"), sealing: key("sealing") };
}

export interface Sealer {
  seal(message: Buffer): { readonly sealed: Buffer; readonly signature: Buffer };
  /** Throws Unavailable when the signature does not fit. */
  unseal(sealed: Buffer, signature: Buffer): Buffer;
}

/** Encrypts and signs one direction's messages, each with the next number (3.4.3, 3.4.4.2). */
export function createSealer(
  sessionKey: Buffer,
  direction: "client-to-server" | "server-to-client",
  exchanges: boolean,
): Sealer {
  const keys = sessionKeys(sessionKey, direction);
  const rc4 = createRc4(keys.sealing);
  let next = 0;
  const sign = (message: Buffer): Buffer => {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(next++, 0);
    const checksum = hmac(keys.signing, Buffer.concat([number, message])).subarray(0, 8);
    return Buffer.concat([Buffer.from([1, 0, 0, 0]), exchanges ? rc4(checksum) : checksum, number]);
  };
  return {
    seal(message) {
      const sealed = rc4(message);
      return { sealed, signature: sign(message) };
    },
    unseal(sealed, signature) {
      const message = rc4(sealed);
      if (!sign(message).equals(signature)) throw refused("a message of the host has a wrong signature");
      return message;
    },
  };
}

function fileTime(date: Date): Buffer {
  const bytes = Buffer.alloc(8);
  // In 100 ns since 1601.
  bytes.writeBigUInt64LE((BigInt(date.getTime()) + 11_644_473_600_000n) * 10_000n);
  return bytes;
}

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const hmac = (key: Buffer, data: Buffer): Buffer => createHmac("md5", key).update(data).digest();

function refused(message: string): Unavailable {
  return new Unavailable("runner.winrm.ntlm", { message });
}
