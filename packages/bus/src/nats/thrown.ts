import {
  Conflict,
  Denied,
  type ErrorDetails,
  Invalid,
  isObject,
  type JsonObject,
  messageOf,
  NotFound,
  type SourcePosition,
  SquallError,
  TimedOut,
  TooLarge,
  TooMany,
  Unauthenticated,
  Unavailable,
} from "@squall/model";

const LONGEST_MESSAGE = 100_000;
const LARGEST_FIELDS = 1_000_000;
const CLASSES = { Invalid, Unauthenticated, Denied, NotFound, Conflict, TooLarge, TooMany, Unavailable, TimedOut };

/** One of a class that only its thrower knows keeps its status. */
class Thrown extends SquallError {
  override readonly status: number;
  constructor(status: number, code: string, details: ErrorDetails) {
    super(code, details);
    this.status = status;
  }
}

/** What an answerer threw, to be sent. Causes and stacks stay where they are: they are for that machine's log. */
export function writeThrown(thrown: unknown): JsonObject {
  const message = messageOf(thrown).slice(0, LONGEST_MESSAGE);
  if (!(thrown instanceof SquallError)) return { message };
  const { code, status, at } = thrown;
  const name = Object.entries(CLASSES).find(([, kind]) => thrown instanceof kind)?.[0] ?? "";
  return { class: name, code, message, status, fields: plain(thrown.fields), ...(at && { at: { ...at } }) };
}

/** Fields are data, but nothing keeps a program from putting there what is no JSON, or too much. */
function plain(fields: SquallError["fields"]): JsonObject {
  try {
    const text = JSON.stringify(fields);
    const value: unknown = text.length > LARGEST_FIELDS ? {} : JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

export function readThrown(sent: JsonObject): Error {
  const message = typeof sent.message === "string" ? sent.message : "it failed and did not say why";
  if (typeof sent.code !== "string") return new Error(message);
  const details: ErrorDetails = {
    message,
    fields: isObject(sent.fields) ? sent.fields : {},
    ...(isObject(sent.at) && { at: sent.at satisfies SourcePosition }),
  };
  const kind = Object.entries(CLASSES).find(([name]) => name === sent.class)?.[1];
  if (kind) return new kind(sent.code, details);
  return new Thrown(typeof sent.status === "number" ? sent.status : 500, sent.code, details);
}
