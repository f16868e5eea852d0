import { createHmac, timingSafeEqual } from "node:crypto";
import type { WebhookAuth } from "./webhook-parameters.ts";

export interface SignedRequest {
  /** A `Headers` object, or pairs of name and value; names in any case. */
  readonly headers: Iterable<readonly [string, string]>;
  /** The body as it came: a signature is over bytes, not over what they mean. */
  readonly bytes: Uint8Array;
  readonly secret: string;
}

/**
 * Whether the body was signed with the secret: true, or the reason why not, which is safe to send back. The signature
 * is hexadecimal or base64, told apart by length. Whether a request is a replay is not looked at: that takes what the
 * sender puts into the body.
 */
export function verifyWebhook(auth: WebhookAuth & { readonly type: "hmac" }, request: SignedRequest): true | string {
  // An empty secret would make a signature that anyone can make.
  if (request.secret === "") return "The secret of this webhook is empty.";
  const name = auth.header.toLowerCase();
  let sent: string | undefined;
  for (const [header, value] of request.headers) if (header.toLowerCase() === name) sent = value.trim();
  if (sent === undefined || sent === "") return `The header ${auth.header} with the signature is missing.`;
  if (!sent.startsWith(auth.prefix)) return `The header ${auth.header} does not begin with "${auth.prefix}".`;
  const expected = createHmac(auth.algorithm, request.secret).update(request.bytes).digest();
  const signature = decodeSignature(sent.slice(auth.prefix.length), expected.length);
  if (!signature) return `The header ${auth.header} holds no ${auth.algorithm} signature.`;
  return timingSafeEqual(signature, expected) || "The signature does not match the body.";
}

function decodeSignature(text: string, length: number): Buffer | undefined {
  if (text.length === length * 2 && /^[0-9a-fA-F]+$/.test(text)) return Buffer.from(text, "hex");
  const decoded = Buffer.from(text, "base64");
  return decoded.length === length && decoded.toString("base64") === text ? decoded : undefined;
}
