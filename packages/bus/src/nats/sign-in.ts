import { X509Certificate } from "node:crypto";
import { checkServerIdentity, createSecureContext, type PeerCertificate } from "node:tls";
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { Invalid, messageOf } from "@squall/model";
import type { NatsCredentials } from "./address.ts";

export interface NatsTls {
  /** PEM of who signs the servers' certificates; the system's own when absent. */
  readonly ca?: string;
  /** PEM of our certificate and its key, where servers ask for one. */
  readonly cert?: string;
  readonly key?: string;
}

/**
 * How to sign in. The client reads credentials only when a server asks for them, and each time anew; what is no
 * credential at all is told at once instead, since no server would make it one.
 * @throws Invalid `bus.credentials`, which repeats nothing of them
 */
export function authenticatorOf(credentials: NatsCredentials): Authenticator {
  const authenticator = unchecked(credentials);
  try {
    authenticator("a challenge");
  } catch (error) {
    const what =
      credentials.kind === "creds"
        ? "the credentials file of NATS (--bus-creds) holds no user JWT with its seed; make it anew, with `nsc generate creds`"
        : "the seed is not that of an nkey of NATS; it begins with SU";
    throw new Invalid("bus.credentials", { message: `${what}: ${messageOf(error)}` });
  }
  return authenticator;
}

/** @throws Invalid `bus.tls` when something of it is no PEM, or the key is not the certificate's */
export function checkTls(tls: NatsTls): void {
  try {
    // Node's TLS takes a text without any certificate for none, and then trusts nobody.
    checkCertificate(tls.ca);
  } catch (error) {
    throw noPem("--bus-ca", messageOf(error));
  }
  try {
    createSecureContext({ cert: tls.cert, key: tls.key });
  } catch (error) {
    throw noPem("--bus-cert and --bus-key", messageOf(error));
  }
}

/**
 * Believes a certificate that is for one of the servers that were named. The client (3.4.0) tells Node no name for
 * addresses in digits, which then takes `localhost` for it.
 */
export function oneOf(servers: readonly string[]): (host: string, certificate: PeerCertificate) => Error | undefined {
  const hosts = servers.map((server) => server.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""));
  return (_, certificate) => {
    const wrong = hosts.map((host) => checkServerIdentity(host, certificate));
    return wrong.includes(undefined) ? undefined : wrong[0];
  };
}

/** @throws when it begins with no certificate */
function checkCertificate(pem: string | undefined): X509Certificate | undefined {
  return pem === undefined ? undefined : new X509Certificate(pem);
}

function noPem(option: string, why: string): Invalid {
  return new Invalid("bus.tls", {
    message: `what ${option} gave for TLS with NATS cannot be used (${why}); it has to be PEM, and a key that of its certificate`,
  });
}

function unchecked(credentials: NatsCredentials): Authenticator {
  const bytes = (text: string) => new TextEncoder().encode(text);
  switch (credentials.kind) {
    case "password":
      return usernamePasswordAuthenticator(credentials.user, credentials.password);
    case "token":
      return tokenAuthenticator(credentials.token);
    case "creds":
      return credsAuthenticator(bytes(credentials.text));
    case "nkey":
      return nkeyAuthenticator(bytes(credentials.seed.trim()));
  }
}
