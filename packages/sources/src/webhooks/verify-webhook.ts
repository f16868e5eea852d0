import { createHmac, timingSafeEqual } from "node:crypto";
import type { WebhookHeaders } from "./decode-webhook.ts";
import type { WebhookAuth } from "./webhook-parameters.ts";

export interface SignedRequest {
  readonly headers: WebhookHeaders;
  /** The body as it came: a signature is over bytes, not over what they mean. */
  readonly bytes: Uint8Array;
  readonly secret: string;
}

type HmacAuth = Extract<WebhookAuth, { readonly type: "hmac" }>;

/**
 * Why a signature does not hold, in words that are safe to send back; undefined when it does. The signature is
 * hexadecimal or base64, told apart by length. Whether a request is a replay is not looked at: that takes what the
 * sender puts into the body.
 */
export function signatureProblem(auth: HmacAuth, request: SignedRequest): string | undefined {
  const { header, algorithm = "sha256", prefix = "" } = auth;
  // An empty secret would make a signature that anyone can make.
  if (request.secret === "") return "The secret of this webhook is empty.";
  const entry = Object.entries(request.headers).find(([name]) => name.toLowerCase() === header.toLowerCase());
  const sent = entry?.[1];
  if (typeof sent !== "string" || sent === "") return `The header ${header} with the signature is missing.`;
  if (!sent.startsWith(prefix)) return `The header ${header} does not begin with "${prefix}".`;
  const expected = createHmac(algorithm, request.secret).update(request.bytes).digest();
  const signature = decodeSignature(sent.slice(prefix.length).trim(), expected.length);
  if (!signature) return `The header ${header} holds no ${algorithm} signature.`;
  return timingSafeEqual(signature, expected) ? undefined : "The signature does not match the body.";
}

function decodeSignature(text: string, length: number): Buffer | undefined {
  if (text.length === length * 2 && /^[0-9a-fA-F]+$/.test(text)) return Buffer.from(text, "hex");
  const decoded = Buffer.from(text, "base64");
  return decoded.length === length && decoded.toString("base64") === text ? decoded : undefined;
}
