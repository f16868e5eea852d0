import { Invalid, messageOf, SquallError, Unavailable } from "@squall/model";
import { isDisconnected, sqlState } from "./connection.ts";

/** What PostgreSQL or the network threw, as an error that says what to do. `where` names the server without a password. */
export function postgresFailure(thrown: unknown, where: string): SquallError {
  if (thrown instanceof SquallError) return thrown;
  const cause = thrown;
  const said = messageOf(thrown);
  const state = sqlState(thrown);
  if (state === "SQ002")
    return new Unavailable("store.taken-over", {
      message: `${where}: another Squall was started on this database while this one could not be reached; stop this one`,
      cause,
    });
  if (state === "28P01" || state === "28000")
    return new Unavailable("store.refused", {
      message: `${where} does not let this user in (${said}); correct user and password of the store's address`,
      cause,
    });
  if (state === "3D000")
    return new Unavailable("store.no-database", {
      message: `${where} has no such database (${said}); create it: createdb -E UTF8 NAME`,
      cause,
    });
  if (state === "53300")
    return new Unavailable("store.connections", {
      message: `${where} has no connection left (${said}); raise max_connections, or put PgBouncer before it`,
      cause,
    });
  if (state === "53100")
    return new Unavailable("store.disk-full", {
      message: `nothing was written to ${where}: its disk is full; free some space and try again`,
      cause,
    });
  if (state === "25006") return readOnly(where, cause);
  if (state === "57014")
    return new Unavailable("store.slow", {
      message: `${where} took too long and was stopped (${said}); look at its load and its locks`,
      cause,
    });
  if (state === "42501")
    return new Unavailable("store.rights", {
      message: `${where}: the user may not do this (${said}); make it the owner of the database`,
      cause,
    });
  if (state?.startsWith("22") || state?.startsWith("23")) return badChange(thrown);
  if (isDisconnected(thrown))
    return new Unavailable("store.unreachable", {
      message: `${where} cannot be reached (${said}); it is tried again by itself. Is it up, and are address and firewall right?`,
      cause,
    });
  return new Unavailable("store.failed", { message: `${where}: ${said}`, cause });
}

export function readOnly(where: string, cause?: unknown): SquallError {
  return new Unavailable("store.not-writable", {
    message: `${where} is read-only (a standby, or default_transaction_read_only); name the primary`,
    cause,
  });
}

/** The content of one list is at fault. */
export function badChange(thrown: unknown): SquallError {
  return new Invalid("store.bad-change", {
    message: `a change cannot be written: ${messageOf(thrown)}; nothing of its list happened`,
    cause: thrown,
  });
}

/** Host, port and database of an address, for messages. */
export function withoutPassword(url: string): string {
  // Not by URL: an address of a local socket has no host, which that does not take.
  const [, host = "", database = ""] = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/?]*)(?:\/([^?]*))?/.exec(url) ?? [];
  return `PostgreSQL at ${host || "its local socket"}${database && `/${database}`}`;
}
