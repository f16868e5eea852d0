import { Unavailable } from "@squall/model";

/*
 * The body of an encrypted message over plain HTTP ([MS-WSMV] 2.2.9.1): two parts, of which the first says what the second
 * becomes. The second's bytes are no text, and there is no line end between them and the closing boundary.
 */
const BOUNDARY = "Encrypted Boundary";
const PROTOCOL = "application/HTTP-SPNEGO-session-encrypted";

export const SEALED_TYPE = `multipart/encrypted;protocol="${PROTOCOL}";boundary="${BOUNDARY}"`;

export function writeSealed(sealed: Buffer, signature: Buffer, plainBytes: number): Buffer {
  const head =
    `--${BOUNDARY}\r\n\tContent-Type: ${PROTOCOL}\r\n` +
    `\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=${plainBytes}\r\n` +
    `--${BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n`;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(signature.length);
  return Buffer.concat([Buffer.from(head), length, signature, sealed, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** Throws Unavailable when it is none. */
export function readSealed(body: Buffer): { readonly sealed: Buffer; readonly signature: Buffer } {
  const type = body.indexOf("application/octet-stream\r\n");
  const start = type + "application/octet-stream\r\n".length;
  const end = body.lastIndexOf(`--${BOUNDARY}--`);
  const length = type >= 0 && start + 4 <= body.length ? body.readUInt32LE(start) : 0;
  if (type < 0 || length !== 16 || start + 4 + length > end)
    throw new Unavailable("runner.winrm.answer", { message: "the host's encrypted answer has not the form of one" });
  const at = start + 4 + length;
  return { signature: body.subarray(start + 4, at), sealed: body.subarray(at, end) };
}
