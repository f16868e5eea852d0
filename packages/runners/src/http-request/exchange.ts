import { Invalid, isObject, type JsonObject } from "@squall/model";
import { type Dispatcher, request } from "undici";
import { pythonStr } from "../python-text.ts";
import { type Body, queryOf, requestBody } from "./body.ts";
import type { Connections } from "./dispatcher.ts";
import { hostCheck } from "./hosts.ts";
import { type Headers, readBody, readHeaders } from "./response.ts";

/** As many as the library that StackStorm uses follows. */
const MOST_REDIRECTS = 30;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: ReadonlyMap<string, string>;
  readonly body: Body | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Sends the request that the parameters describe and follows redirects if they say so. */
export async function exchange(
  runnerParameters: JsonObject,
  actionParameters: JsonObject,
  own: { readonly userAgent: string; readonly actionName: string },
  how: { readonly connections: Connections; readonly signal: AbortSignal; readonly responseBytes: number },
): Promise<Answer> {
  const check = hostCheck(runnerParameters);
  const mayFollow = runnerParameters.allow_redirects === true;
  let next: Request = firstRequest(runnerParameters, actionParameters, own);
  for (let sent = 0; sent <= MOST_REDIRECTS; sent++) {
    check(next.url);
    const response = await send(next, how);
    const headers = readHeaders(response.headers as unknown as Buffer[]);
    const follow: Request | undefined = mayFollow ? redirected(next, response.statusCode, headers) : undefined;
    if (follow === undefined) {
      const body = await readBody(response.body, headers.get("content-encoding"), how.responseBytes);
      return { status: response.statusCode, headers, body };
    }
    // Not read: a redirect's body is for browsers. The connection goes with it.
    response.body.on("error", () => {}).destroy();
    next = follow;
  }
  throw new Invalid("runner.http.redirects", { message: `more than ${MOST_REDIRECTS} redirects` });
}

function firstRequest(
  runnerParameters: JsonObject,
  actionParameters: JsonObject,
  own: { readonly userAgent: string; readonly actionName: string },
): Request {
  const url = URL.parse(String(runnerParameters.url ?? ""));
  // The URL itself is not repeated: it may hold a token.
  if (!url)
    throw new Invalid("runner.http.url", {
      message: "the url is not a valid URL; it has to start with http:// or https://",
    });
  const headers = new Map<string, readonly [name: string, value: string]>();
  const set = (name: string, value: string) => headers.set(name.toLowerCase(), [name, value]);
  set("Accept", "*/*");
  set("Accept-Encoding", "gzip, deflate, br");
  for (const [name, value] of entries(runnerParameters.headers)) if (value !== null) set(name, pythonStr(value));
  // The length is what is sent, not what somebody counted.
  headers.delete("content-length");
  set("User-Agent", own.userAgent);
  set("X-Stanley-Action", own.actionName);
  const authorization = basicAuth(runnerParameters, actionParameters.auth, url);
  if (authorization !== undefined) set("Authorization", authorization);
  url.username = url.password = "";

  const params = actionParameters.params;
  if (isObject(params)) for (const [name, value] of queryOf(params)) url.searchParams.append(name, value);
  else if (typeof params === "string" && params !== "") url.search += `${url.search === "" ? "?" : "&"}${params}`;

  const body = requestBody(actionParameters, headers.get("content-type")?.[1]);
  if (body?.contentType !== undefined && !(headers.has("content-type") && body.contentType.startsWith("application/")))
    set("Content-Type", body.contentType);
  const method = actionParameters.method;
  return {
    method: typeof method === "string" && method !== "" ? method.toUpperCase() : body ? "POST" : "GET",
    url,
    headers: Object.fromEntries(headers.values()),
    cookies: new Map(entries(runnerParameters.cookies).map(([name, value]) => [name, pythonStr(value)])),
    body,
  };
}

function send(
  one: Request,
  how: { readonly connections: Connections; readonly signal: AbortSignal },
): Promise<Dispatcher.ResponseData> {
  const headers: Record<string, string> = { ...one.headers };
  if (one.cookies.size > 0) {
    const given = Object.keys(headers).find((name) => name.toLowerCase() === "cookie");
    const pairs = [...one.cookies].map(([name, value]) => `${name}=${value}`);
    if (given === undefined) headers.Cookie = pairs.join("; ");
    else headers[given] = [headers[given], ...pairs].join("; ");
  }
  return request(one.url, {
    // Any word is a method here (PURGE, TRACE); undici checks that it is a token.
    method: one.method,
    headers,
    body: one.body?.bytes ?? null,
    dispatcher: how.connections.for(one.url),
    signal: how.signal,
    responseHeaders: "raw",
    // The signal carries the action's own timeout.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** The request that a redirect asks for; undefined if the answer is none. */
function redirected(from: Request, status: number, headers: Headers): Request | undefined {
  const location = headers.get("location");
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const url = URL.parse(location, from.url.href);
  if (!url)
    throw new Invalid("runner.http.redirect", { message: `${from.url.host} redirects to something that is no URL` });
  const becomesGet =
    (status === 303 && from.method !== "HEAD") || ((status === 301 || status === 302) && from.method === "POST");
  const drop = new Set<string>();
  if (becomesGet) drop.add("content-type");
  // Credentials stay with the server that they were meant for.
  const isSameOrigin = url.origin === from.url.origin;
  if (!isSameOrigin) for (const name of ["authorization", "cookie", "host"]) drop.add(name);
  const cookies = new Map(isSameOrigin ? from.cookies : []);
  if (isSameOrigin)
    for (const line of headers.all("set-cookie")) {
      const [, name, value] = /^\s*([^=;\s]+)\s*=\s*([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value.trim());
    }
  return {
    method: becomesGet ? "GET" : from.method,
    url,
    headers: Object.fromEntries(Object.entries(from.headers).filter(([name]) => !drop.has(name.toLowerCase()))),
    cookies,
    body: becomesGet ? undefined : from.body,
  };
}

/** `username` and `password`, else the action's `auth` (a pair or an object), else what stands in the URL. */
function basicAuth(parameters: JsonObject, auth: unknown, url: URL): string | undefined {
  const encode = (user: unknown, password: unknown) =>
    `Basic ${Buffer.from(`${pythonStr(user ?? "")}:${pythonStr(password ?? "")}`).toString("base64")}`;
  if (parameters.username || parameters.password) return encode(parameters.username, parameters.password);
  if (Array.isArray(auth) && auth.length === 2) return encode(auth[0], auth[1]);
  if (isObject(auth) && (auth.username !== undefined || auth.user !== undefined))
    return encode(auth.username ?? auth.user, auth.password);
  if (url.username !== "" || url.password !== "") return encode(unescaped(url.username), unescaped(url.password));
  return undefined;
}

/** A URL may hold "%" signs that escape nothing. */
function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function entries(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
