import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Unauthenticated } from "@squall/model";
import type { Credentials } from "./route.ts";

/**
 * Finds the credentials of a request in StackStorm's order; `Authorization: Bearer` counts as a header.
 * A cookie is sent by the browser whoever asks, so it only counts for reading and from our own pages.
 */
export function credentialsOf(
  method: string,
  headers: IncomingHttpHeaders,
  search: URLSearchParams | undefined,
): Credentials | undefined {
  const token = one(headers["x-auth-token"]);
  if (token) return { token, location: "header" };
  const apiKey = one(headers["st2-api-key"]);
  if (apiKey) return { apiKey, location: "header" };
  const bearer = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  if (bearer) return { token: bearer, location: "header" };
  if (search !== undefined) {
    const queryToken = search.get("x-auth-token");
    if (queryToken) return { token: queryToken, location: "query" };
    const queryKey = search.get("st2-api-key");
    if (queryKey) return { apiKey: queryKey, location: "query" };
  }
  const cookie = headers.cookie === undefined ? undefined : cookieValue(headers.cookie, "auth-token");
  if (!cookie) return undefined;
  if (method !== "GET" || !isSameOrigin(headers)) {
    throw new Unauthenticated("http.cookie.refused", {
      message:
        "Unauthorized - a cookie is accepted only for GET requests from Squall's own pages; " +
        "send the token in the header X-Auth-Token.",
    });
  }
  return { token: cookie, location: "cookie" };
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function cookieValue(cookies: string, name: string): string | undefined {
  for (const pair of cookies.split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** Browsers say where a request comes from in Sec-Fetch-Site, older ones in Origin; other programs in neither. */
function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (headers.origin === undefined) return true;
  try {
    return new URL(headers.origin).host === headers.host;
  } catch {
    return false;
  }
}

/** The address that a request comes from, for rate limits. */
export function originOf(incoming: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? one(incoming.headers["x-forwarded-for"]) : undefined;
  // The last entry is the one that our own proxy added; those before it are the caller's word.
  return forwarded?.split(",").at(-1)?.trim() || (incoming.socket.remoteAddress ?? "unknown");
}

/** The Set-Cookie that lets a browser's event stream, which cannot send headers, sign in. */
export function authCookie(token: string, secure: boolean): string {
  return `auth-token=${token}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
}
