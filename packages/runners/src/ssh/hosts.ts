import { isIPv6 } from "node:net";
import { Invalid } from "@squall/model";

/** One entry of the parameter `hosts`. */
export interface HostEntry {
  /** The name or address without brackets. */
  readonly name: string;
  readonly port?: number;
  /** Under which its result stands: the name, as in StackStorm, or with the port where one name stands for several. */
  readonly label: string;
}

/** More are a mistake in a template rather than a fleet. */
const MOST_HOSTS = 10_000;
/** No host name has other characters; what is written to known_hosts must not hold blanks, commas or patterns. */
const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$/;

/**
 * The hosts of a list like `web1, web2:2222, 10.0.0.1, [::1]:22, fe80::1%eth0`. Each once, however often it is named.
 * Throws Invalid for an empty list and for what is no host.
 */
export function parseHosts(list: string): readonly HostEntry[] {
  const texts = list
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  if (texts.length === 0) throw refused("no host is named", "Give at least one in the parameter hosts");
  if (texts.length > MOST_HOSTS)
    throw refused(`${texts.length} hosts are named, the most is ${MOST_HOSTS}`, "Use several executions");
  const entries = new Map<string, { name: string; port?: number }>();
  for (const text of texts) {
    const entry = parseHost(text);
    entries.set(JSON.stringify(entry), entry);
  }
  const names = new Map<string, number>();
  for (const { name } of entries.values()) names.set(name, (names.get(name) ?? 0) + 1);
  return Array.from(entries.values(), (entry) => ({
    ...entry,
    label: entry.port !== undefined && (names.get(entry.name) ?? 0) > 1 ? withPort(entry.name, entry.port) : entry.name,
  }));
}

/** One host as it stands in a list: a name, an IPv4 or IPv6 address, with a port or without. */
export function parseHost(text: string): { name: string; port?: number } {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const [, name = text, port] = bracketed ?? (isIPv6(text) ? [] : (/^([^:]*):(\d{1,5})$/.exec(text) ?? []));
  const isName = bracketed === null && !isIPv6(text) ? NAME.test(name) : isIPv6(name);
  if (!isName) throw refused(`'${text}' is no host`, "Write it like example.org, 10.0.0.1:2222 or [::1]:22");
  if (port === undefined) return { name };
  const number = Number(port);
  if (number < 1 || number > 65_535) throw refused(`'${text}' has no port`, "Ports are 1 to 65535");
  return { name, port: number };
}

/** `host:port`, with brackets where the host has colons itself. */
export function withPort(name: string, port: number): string {
  return name.includes(":") ? `[${name}]:${port}` : `${name}:${port}`;
}

function refused(what: string, cure: string): Invalid {
  return new Invalid("runner.ssh.hosts", { message: `${what}. ${cure}.` });
}
