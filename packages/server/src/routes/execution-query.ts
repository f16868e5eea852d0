import { EXECUTION_STATUSES, type ExecutionStatus, Invalid, parseMicros } from "@squall/model";
import type { ExecutionFilter } from "@squall/store";
import Type from "typebox";
import { didYouMean } from "../http/did-you-mean.ts";
import type { Call } from "../http/route.ts";

const Text = Type.Optional(Type.String());

/** What `GET /executions` filters by, in StackStorm's names. */
export const EXECUTION_FILTERS = {
  id: Type.Optional(Type.Array(Type.String())),
  status: Type.Optional(Type.Array(Type.String())),
  parent: Text,
  trigger_type: Text,
  trigger: Text,
  trigger_instance: Text,
  rule: Text,
  action: Text,
  runner: Text,
  user: Text,
  liveaction: Text,
  timestamp: Type.Optional(Type.String({ description: "A time, or `a..b` for both and what is between." })),
  timestamp_gt: Text,
  timestamp_lt: Text,
  sort: Text,
  sort_asc: Text,
  sort_desc: Text,
  filter: Type.Optional(Type.String({ description: "`attribute:value` terms, separated by spaces." })),
};

type Query = {
  [name in keyof typeof EXECUTION_FILTERS]?: name extends "id" | "status" ? readonly string[] : string;
};

type Writable = { -readonly [name in keyof ExecutionFilter]: ExecutionFilter[name] };

/** Attributes of an execution that `filter=` may name, and the filter each is. */
const ADVANCED: Readonly<Record<string, keyof Query>> = {
  id: "id",
  status: "status",
  parent: "parent",
  action: "action",
  "action.ref": "action",
  runner: "runner",
  "runner.name": "runner",
  "action.runner_type": "runner",
  rule: "rule",
  "rule.name": "rule",
  "rule.ref": "rule",
  trigger: "trigger",
  "trigger.name": "trigger",
  "trigger.ref": "trigger",
  trigger_type: "trigger_type",
  "trigger_type.name": "trigger_type",
  "trigger_type.ref": "trigger_type",
  "trigger.type": "trigger_type",
  trigger_instance: "trigger_instance",
  "trigger_instance.id": "trigger_instance",
  user: "user",
  "context.user": "user",
  liveaction: "liveaction",
  "liveaction.id": "liveaction",
};

/** The store's filter for a request's parameters. Throws Invalid for what cannot be understood. */
export function executionFilter(call: Call<Query>): ExecutionFilter {
  const query = { ...call.query, ...advanced(call.query.filter) };
  const filter: Writable = {};
  if (query.id?.length) filter.ids = query.id;
  if (query.status?.length) filter.status = query.status.map(statusOf);
  if (query.action) filter.action = query.action;
  if (query.runner) filter.runner = query.runner;
  if (query.user) filter.user = query.user;
  if (query.liveaction) filter.liveaction = query.liveaction;
  if (query.parent) filter.parent = orNull(query.parent);
  if (query.trigger_instance) filter.trigger_instance = orNull(query.trigger_instance);
  if (query.rule) filter.rule = nullable(query.rule, (name) => refOf(call, "rule", name));
  if (query.trigger) filter.trigger = nullable(query.trigger, (name) => refOf(call, "trigger", name));
  if (query.trigger_type)
    filter.trigger_type = nullable(query.trigger_type, (name) => refOf(call, "trigger_type", name));
  if (query.timestamp_gt) filter.after = timeOf("timestamp_gt", query.timestamp_gt);
  if (query.timestamp_lt) filter.before = timeOf("timestamp_lt", query.timestamp_lt);
  if (query.timestamp) {
    const [first = "", second = first] = query.timestamp.split("..", 2);
    const [a, b] = [timeOf("timestamp", first), timeOf("timestamp", second)];
    filter.from = Math.min(a, b);
    filter.to = Math.max(a, b);
    if (a !== b) filter.order = a < b ? "ascending" : "descending";
  }
  const order = orderOf(query, "start_timestamp");
  if (order) filter.order = order;
  return filter;
}

/** StackStorm has three ways to say it: `sort_asc=True`, `sort_desc=True`, `sort=-start_timestamp`. */
export function orderOf(
  query: { sort?: string; sort_asc?: string; sort_desc?: string },
  attribute: string,
): "ascending" | "descending" | undefined {
  const isTrue = (word: string | undefined) => word !== undefined && /^(true|1|yes|y)$/i.test(word);
  if (isTrue(query.sort_asc)) return "ascending";
  if (isTrue(query.sort_desc)) return "descending";
  for (const term of query.sort?.split(",") ?? []) {
    if (term.replace(/^[+\s-]/, "") === attribute || term.replace(/^[+\s-]/, "") === "timestamp") {
      return term.startsWith("-") ? "descending" : "ascending";
    }
  }
  return undefined;
}

function advanced(text: string | undefined): Query {
  const out: Record<string, unknown> = {};
  for (const term of words(text ?? "")) {
    const colon = term.indexOf(":");
    const attribute = term.slice(0, Math.max(colon, 0));
    const name = Object.hasOwn(ADVANCED, attribute) ? ADVANCED[attribute] : undefined;
    if (colon <= 0 || colon === term.length - 1) {
      throw new Invalid("execution.filter.malformed", {
        message: `invalid format for filter "${text}": terms are attribute:value, and "${term}" is not one.`,
        at: { field: "filter" },
      });
    }
    if (name === undefined) {
      throw new Invalid("execution.filter.unknown", {
        message: `filter cannot select by "${attribute}"${didYouMean(attribute, Object.keys(ADVANCED)) || `; possible are ${Object.keys(ADVANCED).join(", ")}`}`,
        at: { field: "filter" },
      });
    }
    const values = term.slice(colon + 1).split(",");
    if (name === "id" || name === "status") out[name] = values;
    else if (values.length === 1) out[name] = values[0];
    else {
      throw new Invalid("execution.filter.many", {
        message: `filter "${attribute}" takes one value, and ${values.length} are given. Only id and status take several.`,
        at: { field: "filter" },
      });
    }
  }
  return out;
}

/** Splits at spaces outside quotes. */
function words(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/["']/g, ""));
}

function statusOf(text: string): ExecutionStatus {
  const status = EXECUTION_STATUSES.find((one) => one === text);
  if (status !== undefined) return status;
  throw new Invalid("execution.status.unknown", {
    message: `"${text}" is no status of executions${didYouMean(text, EXECUTION_STATUSES) || `; they are ${EXECUTION_STATUSES.join(", ")}`}`,
    at: { field: "status" },
  });
}

export function timeOf(name: string, text: string): number {
  const micros = parseMicros(text);
  if (micros !== undefined) return micros;
  throw new Invalid("http.query.not-a-time", {
    message: `Parameter "${name}" is not a time: "${text}". Write it like 2026-01-31T12:00:00Z.`,
    at: { field: name },
  });
}

export function isNull(value: string): boolean {
  return value === "null" || value === "None";
}

function orNull(value: string): string | null {
  return isNull(value) ? null : value;
}

function nullable(value: string, resolve: (value: string) => string): string | null {
  return isNull(value) ? null : resolve(value);
}

/** StackStorm filters by plain names here; refs and ids do as well. A name of nothing that exists is left as it is. */
function refOf(
  call: Pick<Call, "context" | "project">,
  kind: "rule" | "trigger" | "trigger_type",
  name: string,
): string {
  const { content } = call.context.engine;
  const found =
    content.get(call.project, kind, name) ?? content.list(call.project, kind).find((one) => one.name === name);
  return found?.ref ?? name;
}
