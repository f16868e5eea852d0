import {
  compileSchema,
  Denied,
  type Execution,
  Invalid,
  isObject,
  type JsonObject,
  type ParameterSchema,
  type Principal,
  toDraft4,
} from "@squall/model";
import { maskValue } from "../parameters/secrets.ts";

/** StackStorm's name of the runner that asks. */
export const INQUIRER = "inquirer";

/** A question that waits for an answer, in StackStorm's shape (stackstorm-api 2.3). */
export interface Inquiry {
  /** Of the execution that waits. */
  readonly id: string;
  readonly route: string;
  /** Minutes from its beginning; 0 is for ever. */
  readonly ttl: number;
  readonly users: readonly string[];
  readonly roles: readonly string[];
  readonly schema: JsonObject;
}

export function inquiryOf({ id, result = {} }: Execution): Inquiry {
  const { route, ttl, users, roles, schema } = result;
  return {
    id,
    route: typeof route === "string" ? route : "",
    ttl: typeof ttl === "number" && ttl > 0 ? ttl : 0,
    users: texts(users),
    roles: texts(roles),
    schema: isObject(schema) ? schema : {},
  };
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** @throws Invalid, with StackStorm's words, for an execution that cannot be answered */
export function refuseUnlessOpen(execution: Execution): void {
  const { id } = execution;
  if (execution.runner !== INQUIRER) {
    throw new Invalid("inquiry.none", { message: `Action execution "${id}" is not an inquiry.` });
  }
  if (execution.status === "pending") return;
  if (execution.status === "timeout") {
    throw new Invalid("inquiry.timed-out", {
      message: `Inquiry "${id}" timed out and cannot be responded to any more. Run its action again to ask again.`,
    });
  }
  if (execution.status === "succeeded") {
    throw new Invalid("inquiry.answered", { message: `Inquiry "${id}" has already been responded to.` });
  }
  throw new Invalid("inquiry.closed", {
    message: `Inquiry "${id}" is ${execution.status}, so it cannot be responded to.`,
  });
}

/** Whether this user and one of these roles are among those who may answer; both lists have to let them. */
export function mayAnswer({ users, roles }: Inquiry, principal: Principal): boolean {
  if (users.length > 0 && !users.includes(principal.user)) return false;
  return roles.length === 0 || roles.some((role) => principal.roles.includes(role));
}

/** @throws Denied */
export function refuseStranger(inquiry: Inquiry, principal: Principal): void {
  if (mayAnswer(inquiry, principal)) return;
  throw new Denied("inquiry.denied", {
    message: `User "${principal.user}" does not have permission to respond to inquiry "${inquiry.id}".`,
  });
}

/** The answer as it is kept: defaults filled in, and checked. What is secret in it is not repeated. @throws Invalid */
export function checkAnswer({ id, schema }: Inquiry, given: JsonObject): JsonObject {
  // Cast: whatever the schema is, it was compiled before the question was asked.
  const known = schema as ParameterSchema;
  const properties = isObject(known.properties) ? known.properties : {};
  const answer: JsonObject = { ...given };
  for (const [name, one] of Object.entries(properties)) {
    if (!Object.hasOwn(answer, name) && isObject(one) && one.default !== undefined) {
      Object.defineProperty(answer, name, { value: one.default, enumerable: true, configurable: true, writable: true });
    }
  }
  const secret = Object.keys(properties).filter((name) => isSecret(properties[name]));
  const violations = compileSchema(toDraft4(known), "draft-4", secret)(answer);
  if (violations.length === 0) return answer;
  const reasons = violations.slice(0, 20).map(({ path, message }) => (path ? `${message} (${path})` : message));
  throw new Invalid("inquiry.answer.invalid", {
    message: `Response for inquiry "${id}" did not pass schema validation: ${reasons.join("; ")}`,
    fields: { violations: violations.slice(0, 20) },
  });
}

/** Whether it, or something in it, is not to be shown. */
function isSecret(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(isSecret);
  if (!isObject(schema)) return false;
  return schema.secret === true || Object.values(schema).some(isSecret);
}

/** A result of an inquiry as it may be shown: what the schema of the answer calls secret is masked. */
export function maskAnswer(result: JsonObject): JsonObject {
  const { response, schema } = result;
  if (response === undefined || !isObject(schema)) return result;
  return { ...result, response: maskValue(response, schema) };
}
