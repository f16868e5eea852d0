/** What went wrong with a call, by what the caller can do about it. */
export type ClientErrorKind =
  | "unreachable"
  | "timed-out"
  | "unauthenticated"
  | "denied"
  | "not-found"
  | "conflict"
  | "invalid"
  | "too-large"
  | "too-many"
  | "server"
  | "protocol";

export interface ClientErrorDetails {
  readonly message: string;
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  /** The server's own words. */
  readonly faultstring?: string;
  /** The server's stable code, or `client.<kind>`. */
  readonly code?: string;
  /** What to do next, for people. */
  readonly hint?: string;
  /** The rest of the server's error object. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * A call that did not succeed. It does not extend model's `SquallError`: loading the model costs more than the rest of
 * a short command (its schema libraries take about 80 ms), and errors that came over HTTP are the caller's to react to.
 */
export class ClientError extends Error {
  readonly kind: ClientErrorKind;
  readonly status: number | undefined;
  readonly faultstring: string | undefined;
  readonly code: string;
  readonly hint: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(kind: ClientErrorKind, details: ClientErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ClientError";
    this.kind = kind;
    this.status = details.status;
    this.faultstring = details.faultstring;
    this.code = details.code ?? `client.${kind}`;
    this.hint = details.hint;
    this.fields = details.fields ?? {};
  }
}

/** The error that an answer of status 400 or more stands for. `text` is its body. */
export function errorOfAnswer(url: string, status: number, text: string, hasCredentials: boolean): ClientError {
  const body = objectIn(text);
  const faultstring = typeof body.faultstring === "string" ? body.faultstring : undefined;
  const kind = kindOf(status);
  return new ClientError(kind, {
    message: faultstring ?? `${url} answered ${status} without saying why`,
    status,
    ...(faultstring === undefined ? {} : { faultstring }),
    ...(typeof body.code === "string" ? { code: body.code } : {}),
    ...optionalHint(hintFor(kind, hasCredentials)),
    fields: body,
  });
}

/** The error of a call that got no answer: refused, unknown host, broken off, bad certificate. */
export function errorOfFailure(base: string, thrown: unknown): ClientError {
  const reason = reasonOf(thrown);
  if (["ECONNREFUSED", "ENOENT"].includes(reason)) {
    return new ClientError("unreachable", {
      message: `no Squall answers at ${base}`,
      hint: "start one with `squall server`, or give the address of another with --url or SQUALL_URL",
      cause: thrown,
    });
  }
  return new ClientError("unreachable", {
    message: `the connection to ${base} failed: ${reason}`,
    hint: "check the address (--url or SQUALL_URL) and that the server runs",
    cause: thrown,
  });
}

function kindOf(status: number): ClientErrorKind {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 403:
      return "denied";
    case 404:
      return "not-found";
    case 408:
    case 504:
      return "timed-out";
    case 409:
      return "conflict";
    case 413:
      return "too-large";
    case 429:
      return "too-many";
    default:
      return status >= 500 ? "server" : "invalid";
  }
}

function hintFor(kind: ClientErrorKind, hasCredentials: boolean): string | undefined {
  switch (kind) {
    case "unauthenticated":
      return hasCredentials
        ? "the token or API key no longer holds: sign in again with `squall login`"
        : "sign in with `squall login`, or set SQUALL_TOKEN or SQUALL_API_KEY";
    case "too-many":
      return "the server is busy; the same call may go through in a moment";
    case "server":
      return "the server's log says more";
    case "unreachable":
    case "timed-out":
    case "denied":
    case "not-found":
    case "conflict":
    case "invalid":
    case "too-large":
    case "protocol":
      return undefined;
    default:
      return kind satisfies never;
  }
}

function optionalHint(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {}; // A proxy's HTML page: the status alone says what there is to say.
  }
}

/** fetch hides the reason in `cause`, and with several addresses in an AggregateError inside it. */
function reasonOf(thrown: unknown): string {
  let at: unknown = thrown;
  let message = "unknown reason";
  for (let depth = 0; depth < 5 && at instanceof Error; depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
    if (at.message) message = at.message;
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return message;
}
