import { Invalid, messageOf, SquallError, Unavailable } from "@squall/model";

// Primary result codes of https://www.sqlite.org/rescode.html; extended ones hold them in their low byte.
const BUSY = 5;
const LOCKED = 6;
const NOMEM = 7;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const PROTOCOL = 15;
const TOOBIG = 18;
const CONSTRAINT = 19;
const MISMATCH = 20;
const NOTADB = 26;

/** The primary result code when SQLite threw it. */
function resultCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return undefined;
  return thrown.errcode & 0xff;
}

/** True for SQLite's refusal because another connection holds the lock. */
export function isBusy(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === BUSY || code === LOCKED;
}

/** True when the disk or the file failed, so that nothing in the transaction can be trusted; else one list is at fault. */
export function isBroken(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code !== undefined && BROKEN.has(code);
}
const BROKEN: ReadonlySet<number> = new Set([
  BUSY,
  LOCKED,
  NOMEM,
  READONLY,
  IOERR,
  CORRUPT,
  FULL,
  CANTOPEN,
  PROTOCOL,
  NOTADB,
]);

/** What SQLite or the file system threw, as an error that says what to do. Errors of ours pass through. */
export function storeFailure(thrown: unknown, file: string): SquallError {
  if (thrown instanceof SquallError) return thrown;
  const code = resultCode(thrown) ?? systemCode(thrown);
  const cause = thrown;
  switch (code) {
    case FULL:
    case "ENOSPC":
    case "EDQUOT":
      return new Unavailable("store.disk-full", {
        message: `nothing was written to ${file}: the disk or its quota is full; free some space and try again`,
        cause,
      });
    case BUSY:
    case LOCKED:
      return new Unavailable("store.busy", {
        message: `${file} is locked by another program; end that program's transaction and try again`,
        cause,
      });
    case CORRUPT:
      return new Unavailable("store.corrupt", {
        message: `${file} is damaged (${messageOf(thrown)}); stop Squall, keep a copy, and restore a backup or try \`sqlite3 ${file} .recover\``,
        cause,
      });
    case NOTADB:
      return new Invalid("store.not-a-database", {
        message: `${file} is not an SQLite database, or its beginning is damaged; restore a backup or name another data directory`,
        cause,
      });
    case READONLY:
    case CANTOPEN:
    case "EACCES":
    case "EROFS":
    case "EPERM":
    case "ENOENT": // what a recursive mkdir of Node 24 says on a read-only file system
      return new Unavailable("store.not-writable", {
        message: `${file} cannot be opened for writing (${messageOf(thrown)}); give the user that runs Squall the right to read and write it and its directory`,
        cause,
      });
    case "ENOTDIR":
    case "EEXIST":
    case "ENAMETOOLONG":
      return new Invalid("store.bad-path", {
        message: `${file} cannot be a data file (${messageOf(thrown)}); name another data directory`,
        cause,
      });
    case IOERR:
      return new Unavailable("store.disk-failed", {
        message: `reading or writing ${file} failed (${messageOf(thrown)}); look at the disk's health and the system log`,
        cause,
      });
    case CONSTRAINT:
    case MISMATCH:
      return badChange(cause);
    case TOOBIG:
      return new Invalid("store.too-big", {
        message: `a value is larger than the store can hold (1,000,000,000 bytes); keep it elsewhere and store where it is`,
        cause,
      });
    default:
      return new Unavailable("store.failed", { message: `${file}: ${messageOf(thrown)}`, cause });
  }
}

/** The content of one list is at fault: a field is missing or of the wrong type. */
export function badChange(thrown: unknown): SquallError {
  return new Invalid("store.bad-change", {
    message: `a change cannot be written: ${messageOf(thrown)}; nothing of its list happened`,
    cause: thrown,
  });
}

function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}
