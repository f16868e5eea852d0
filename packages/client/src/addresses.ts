/** Where the three services answer. */
export interface Addresses {
  /** As given, without what was derived: shown to people. */
  readonly base: string;
  /** With `/v1`, no slash at the end. */
  readonly api: string;
  readonly auth: string;
  readonly stream: string;
}

/**
 * Takes what people give: `http://host:9101`, the same with `/v1`, or `https://host/api` behind a proxy. Squall answers
 * under `/auth` and `/stream` too, as StackStorm's proxy does. A missing scheme is http. Undefined if it is no address.
 */
export function addressesOf(url: string): Addresses | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  if (!URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  if (!["http:", "https:"].includes(parsed.protocol) || parsed.username || parsed.search || parsed.hash)
    return undefined;
  const path = parsed.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
  const root = parsed.origin + path.replace(/\/api$/, "");
  return {
    base: parsed.origin + path,
    api: `${parsed.origin}${path}/v1`,
    auth: `${root}/auth/v1`,
    stream: `${root}/stream/v1`,
  };
}
