/** Where in a text something stands. Lines and columns count from 1; `field` is a path such as `parameters.cmd.type`. */
export interface SourcePosition {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly field?: string;
}

export interface ErrorDetails {
  /** What happened to which thing, where, and the next step. Shown to people as it is, so it never holds a secret. */
  readonly message: string;
  readonly at?: SourcePosition;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The base of every error Squall throws on purpose. `code` is stable and listed in docs/errors.md; callers react to
 * the class, never to the text.
 */
export class SquallError extends Error {
  /** The HTTP status the API answers with. */
  readonly status: number = 500;
  readonly code: string;
  readonly at: SourcePosition | undefined;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: string, details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.at = details.at;
    this.fields = details.fields ?? {};
  }
}

/** The caller gave something that can never work as it is: correct it and call again. */
export class Invalid extends SquallError {
  override readonly status: number = 400;
}

/** No credentials, or credentials that do not hold. */
export class Unauthenticated extends SquallError {
  override readonly status: number = 401;
}

/** Known, but not allowed. */
export class Denied extends SquallError {
  override readonly status: number = 403;
}

/** The named thing does not exist (for this caller). */
export class NotFound extends SquallError {
  override readonly status: number = 404;
}

/** The thing is there but not in the state or version that the caller believes: read it again and decide. */
export class Conflict extends SquallError {
  override readonly status: number = 409;
}

/** Over a size limit: send less. */
export class TooLarge extends SquallError {
  override readonly status: number = 413;
}

/** Over a rate or a queue bound: the same call may go through later. */
export class TooMany extends SquallError {
  override readonly status: number = 429;
}

/** A part that Squall stands on (disk, database, peer) does not answer now: try later. */
export class Unavailable extends SquallError {
  override readonly status: number = 503;
}

/** It took longer than was allowed. */
export class TimedOut extends SquallError {
  override readonly status: number = 504;
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** `file:line:column` for people, as far as it is known. */
export function formatPosition(at: SourcePosition): string {
  const place = [at.file, at.line, at.column].filter((part) => part !== undefined).join(":");
  return at.field ? (place ? `${place} (${at.field})` : at.field) : place;
}
