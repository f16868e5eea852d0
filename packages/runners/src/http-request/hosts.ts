import { Invalid, type JsonObject } from "@squall/model";

/** Refuses a URL that the action's lists do not allow, or that is none. Asked again for every redirect. */
export type CheckUrl = (url: URL) => void;

/** From `url_hosts_blacklist` and `url_hosts_whitelist`; they exclude each other. */
export function hostCheck(parameters: JsonObject): CheckUrl {
  const blacklist = hosts(parameters.url_hosts_blacklist);
  const whitelist = hosts(parameters.url_hosts_whitelist);
  if (blacklist && whitelist)
    throw new Invalid("runner.http.two-lists", {
      message:
        '"url_hosts_blacklist" and "url_hosts_whitelist" parameters are mutually exclusive. Only one should be provided.',
    });
  return (url) => {
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new Invalid("runner.http.scheme", { message: `http-request speaks http and https, not ${url.protocol}//` });
    const host = plainHost(url.hostname);
    if (blacklist?.has(host))
      throw new Invalid("runner.http.blacklisted", {
        message: `URL with host "${host}" is blacklisted by url_hosts_blacklist`,
      });
    if (whitelist && !whitelist.has(host))
      throw new Invalid("runner.http.not-whitelisted", {
        message: `URL with host "${host}" is not in url_hosts_whitelist`,
      });
  };
}

/** Without the brackets of an IPv6 address and the dot that ends a fully qualified name. */
function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
}

function hosts(value: unknown): ReadonlySet<string> | undefined {
  return Array.isArray(value) && value.length > 0 ? new Set(value.map((one) => normal(String(one)))) : undefined;
}

/** The spelling that a URL's host gets when it is parsed, so that `0x7f.1` and `127.0.0.1` are the same host. */
function normal(host: string): string {
  const bare = plainHost(host.trim());
  const parsed = URL.parse(`http://${bare.includes(":") ? `[${bare}]` : bare}/`);
  return parsed ? plainHost(parsed.hostname) : bare;
}
