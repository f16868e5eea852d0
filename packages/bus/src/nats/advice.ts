import { messageOf } from "@squall/model";

/**
 * Why NATS cannot be reached, in words of whoever has to mend it: the client's own message, and what to do where the
 * cause is one that waiting does not cure.
 */
export function whyUnreached(error: unknown): string {
  const causes = [...causesOf(error)];
  const why = messageOf(error);
  const known = ADVICE.find(([sign]) => causes.some((cause) => sign.test(`${codeOf(cause)} ${messageOf(cause)}`)));
  return known ? `${why}: ${known[1]}` : why;
}

/** What Node's TLS, the client and the servers say, in the order of how sure it is. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /ERR_TLS_CERT_ALTNAME_INVALID/,
    "the server's certificate is for another name; write the address as it stands in the certificate, or have it added there",
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    "the server's certificate is not valid today; renew it, or correct the clock",
  ],
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|CERT_(?:UNTRUSTED|SIGNATURE_FAILURE)/,
    "the server's certificate is not signed by a certificate that is trusted here; give the one that signed it with --bus-ca",
  ],
  [
    /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE/,
    "the server asks for a certificate that it trusts; give one with --bus-cert and --bus-key",
  ],
  [
    /does not support 'tls'/,
    "the address or --bus-ca asks for TLS, and this server has none; set it up there, or write nats:// and leave --bus-ca out",
  ],
  [
    /Authorization Violation|Authentication (?:Timeout|Expired|Revoked)/i,
    "the server does not know who we are; correct the user and password or the token in SQUALL_BUS, or the file of --bus-creds",
  ],
  [
    // With TLS 1.3 the client does not tell why the server hung up.
    /^\S* timeout$/,
    "a server was found, but does not let us in; if it asks for certificates, give one with --bus-cert and --bus-key; look whether it is one of NATS",
  ],
  [/ENOTFOUND/, "no such name; correct the address of --bus"],
];

function* causesOf(error: unknown): Generator {
  let one = error;
  for (let depth = 0; one !== undefined && one !== null && depth < 5; depth++) {
    yield one;
    one = one instanceof Error ? one.cause : undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
