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
  // The functions of a program go when the database is two steps ahead of it.
  if (state === "3F000" || state === "42883")
    return new Unavailable("store.newer-schema", {
      message: `${where} was brought up to date by a newer Squall (${said}); this program is too old for it: stop it, and start the newer one`,
      cause,
    });
  if (state === "08P01" && /no such database|database .* does not exist/i.test(said))
    return noDatabase(where, said, cause);
  // PgBouncer's word for it: a protocol violation.
  if (state === "28P01" || state === "28000" || (state === "08P01" && /password|auth|no such user/i.test(said)))
    return new Unavailable("store.refused", {
      message: `${where} does not let this user in (${said}); correct user and password of the store's address`,
      cause,
    });
  if (state === "3D000") return noDatabase(where, said, cause);
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
  const tls = tlsFailure(thrown, where);
  if (tls) return tls;
  if (isDisconnected(thrown))
    return new Unavailable("store.unreachable", {
      message: `${where} cannot be reached (${said}); it is tried again by itself. Is it up, and are address and firewall right?`,
      cause,
    });
  return new Unavailable("store.failed", { message: `${where}: ${said}`, cause });
}

/** Nothing goes on without the encryption that was asked for. */
function tlsFailure(cause: unknown, where: string): SquallError | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code = "code" in cause ? String(cause.code) : "";
  const said = cause.message;
  const fail = (what: string) => new Unavailable("store.tls", { message: `${where}: ${what}`, cause });
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return fail(
      `its certificate is not for this name (${said}); name it as the certificate does, or give it another one`,
    );
  if (/SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_SIGNATURE|CERT_UNTRUSTED|INVALID_CA/.test(code))
    return fail(
      `its certificate is of no authority that is trusted here (${said}); name that authority's certificate: ?sslmode=verify-full&sslrootcert=/path/to/ca.pem`,
    );
  if (/CERT_|ERR_SSL|ERR_TLS|EPROTO/.test(code))
    return fail(`no encrypted connection could be made (${said}); look at the server's certificate and its log`);
  if (/does not support SSL|establishing an SSL connection/.test(said))
    return fail(`it does not speak TLS (${said}); switch it on there (ssl = on). Nothing was sent in the clear`);
  if (code === "ENOENT" && "syscall" in cause && cause.syscall === "open")
    return fail(`a file that its address names cannot be read (${said}); correct sslrootcert, sslcert or sslkey`);
  return undefined;
}

function noDatabase(where: string, said: string, cause: unknown): SquallError {
  return new Unavailable("store.no-database", {
    message: `${where} has no such database (${said}); create it: createdb -E UTF8 NAME`,
    cause,
  });
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
