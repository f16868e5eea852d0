import { Invalid } from "@squall/model";

/** Who we are to NATS. */
export type NatsCredentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "token"; readonly token: string }
  /** The text of a `.creds` file: a JWT and the seed that belongs to it. */
  | { readonly kind: "creds"; readonly text: string }
  | { readonly kind: "nkey"; readonly seed: string };

export interface NatsAddress {
  /** `host:port`, without anything secret. */
  readonly servers: readonly string[];
  /** Whether one of the addresses asks for TLS: then no server is spoken to without. */
  readonly tls: boolean;
  readonly credentials?: NatsCredentials;
}

const DEFAULT_PORT = 4222;

/**
 * Reads `nats://[user:password@|token@]host[:port]`, or `tls://` for a connection that has to be encrypted.
 * @throws Invalid `bus.address-syntax`, which never repeats the address as it may hold a password
 */
export function readNatsAddresses(urls: readonly string[]): NatsAddress {
  const read = urls.map((text, index) => {
    const wrong = (why: string) =>
      new Invalid("bus.address-syntax", {
        message: `address ${index + 1} of NATS ${why}; write nats://host:4222 or tls://host:4222, several with commas between them`,
      });
    const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
    if (!url) throw wrong("cannot be read");
    if (url.protocol !== "nats:" && url.protocol !== "tls:") throw wrong("has another scheme than nats and tls");
    if (!/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/.test(url.hostname)) throw wrong("names no host");
    if (!["", "/"].includes(url.pathname) || url.search || url.hash) throw wrong("has more than a host and a port");
    let user: string;
    let password: string;
    try {
      user = decodeURIComponent(url.username);
      password = decodeURIComponent(url.password);
    } catch {
      throw wrong("has a user or password with a wrong percent sign");
    }
    const credentials: NatsCredentials | undefined =
      user === "" ? undefined : password === "" ? { kind: "token", token: user } : { kind: "password", user, password };
    return { server: `${url.hostname}:${url.port || DEFAULT_PORT}`, tls: url.protocol === "tls:", credentials };
  });
  if (read.length === 0) throw new Invalid("bus.address-syntax", { message: "no address of NATS was given" });
  const credentials = read.find((one) => one.credentials)?.credentials;
  return {
    servers: [...new Set(read.map((one) => one.server))],
    tls: read.some((one) => one.tls),
    ...(credentials && { credentials }),
  };
}
