import { EXECUTION_STATUSES, isObject, RESOURCE_KINDS } from "@squall/model";
import type { Message, Topic } from "../port.ts";

/**
 * Reads what another process said. Who may speak on our subjects is one of us, but it may be of another version or
 * broken: what does not have the shape that listeners rely on is left out, so that one bad message costs nobody else's.
 */
export function readMessages(
  topic: Topic,
  body: Uint8Array,
): { readonly messages: Message[]; readonly broken: number } {
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch {
    return { messages: [], broken: 1 };
  }
  if (!Array.isArray(list)) return { messages: [], broken: 1 };
  const messages = list.filter((one): one is Message => isMessage(topic, one));
  return { messages, broken: list.length - messages.length };
}

type Member = Readonly<Record<string, unknown>>;
const isText = (value: unknown): value is string => typeof value === "string";
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isOneOf = (values: readonly string[], value: unknown): boolean => isText(value) && values.includes(value);
const LANES = ["inline", "process"];

const SHAPES: Readonly<Record<Topic, (message: Member) => boolean>> = {
  execution: ({ change, execution }) =>
    isOneOf(["create", "update"], change) &&
    isObject(execution) &&
    ["id", "project", "liveaction", "action", "runner", "snapshot", "user"].every((name) => isText(execution[name])) &&
    isOneOf(EXECUTION_STATUSES, execution.status) &&
    isOneOf(LANES, execution.lane) &&
    ["created", "due", "start"].every((name) => isWhole(execution[name])) &&
    isObject(execution.parameters) &&
    isObject(execution.context) &&
    Array.isArray(execution.log) &&
    execution.log.every((entry) => isObject(entry) && isText(entry.status) && isWhole(entry.timestamp)),
  output: ({ project, action, runner, chunk }) =>
    [project, action, runner].every(isText) &&
    isObject(chunk) &&
    isText(chunk.execution) &&
    isWhole(chunk.seq) &&
    isOneOf(["stdout", "stderr", "output"], chunk.type) &&
    isWhole(chunk.timestamp) &&
    isText(chunk.data),
  announcement: ({ project, route, payload, traceContext }) =>
    [project, route].every(isText) && isObject(payload) && isObject(traceContext),
  resource: ({ change, project, kind, id, ref }) =>
    isOneOf(["create", "update", "delete"], change) &&
    isOneOf(RESOURCE_KINDS, kind) &&
    [project, id, ref].every(isText),
  cancel: ({ project, execution }) => isText(project) && isText(execution),
  inquiry: ({ change, project, execution }) =>
    isOneOf(["asked", "ended"], change) && isText(project) && isText(execution),
  wake: ({ lane }) => lane === undefined || isOneOf(LANES, lane),
  told: ({ shard }) => isWhole(shard) && shard >= 0,
  member: ({ change, id }) => isOneOf(["join", "leave", "evict"], change) && isText(id),
  accounts: () => true,
};

function isMessage(topic: Topic, value: unknown): value is Message {
  return isObject(value) && value.topic === topic && SHAPES[topic](value);
}
