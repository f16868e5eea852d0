import {
  type ApiKey,
  type Execution,
  isCompleted,
  type Key,
  type StatusChange,
  type Token,
  type User,
} from "@squall/model";
import type { Change, ExecutionMove, StoredResource } from "../changes.ts";
import { continuedBy } from "../continued.ts";
import { projectOf } from "../project-of.ts";
import { wantsOf } from "../wants.ts";

/** A change as `squall_apply_change` takes it (functions.ts). `at` is its index in the caller's list. */
export type Encoded = { readonly kind: string; readonly at: number } & Readonly<Record<string, unknown>>;

/** Rows that are written once and never change, by a name of them. Whoever has written one need not write it again. */
export type Once = Pick<Set<string>, "has">;

/** A list of changes, and what is written once with it. Throws for what no text of PostgreSQL can hold. */
export interface EncodedList {
  readonly changes: readonly Encoded[];
  readonly once: readonly string[];
}

export function encodeList(list: readonly Change[], written: Once): EncodedList {
  const changes: Encoded[] = [];
  const once: string[] = [];
  const first = (at: number, kind: string, fields: Readonly<Record<string, string>>) => {
    const name = JSON.stringify([kind, ...Object.values(fields)]);
    if (written.has(name) || once.includes(name)) return;
    once.push(name);
    changes.push({ kind, at, ...checked(fields) });
  };
  for (const [at, change] of list.entries()) {
    if (change.kind === "snapshot.keep") {
      const { project, digest } = change;
      const name = JSON.stringify(["snapshot", project, digest]);
      if (!written.has(name)) {
        once.push(name);
        changes.push({ kind: change.kind, at, ...checked({ project, digest }), body: JSON.stringify(change.snapshot) });
      }
    } else {
      changes.push({ kind: change.kind, at, ...fieldsOf(change) });
    }
    const project = projectOf(change);
    if (project !== undefined) first(at, "project", { project });
    if (change.kind === "execution.insert") {
      const { execution } = change;
      for (const field of VALUE_FIELDS) {
        const value = execution[field];
        if (value) first(at, "value", { project: execution.project, field, value });
      }
      const of = continuedBy(execution);
      if (of !== undefined) {
        changes.push({
          kind: "continued",
          at,
          ...checked({ project: execution.project, execution: execution.id, of }),
        });
      }
    }
    if (change.kind === "enforcement.insert") {
      const { rule, project: of } = change.enforcement;
      first(at, "enforced", { project: of, rule_id: rule.id, rule_ref: rule.ref });
    }
  }
  return { changes, once };
}

/** The fields of executions whose values are kept as a set. */
export const VALUE_FIELDS = ["action", "rule", "runner", "trigger", "trigger_type", "user"] as const;

function fieldsOf(change: Exclude<Change, { kind: "snapshot.keep" }>): Record<string, unknown> {
  switch (change.kind) {
    case "resource.put":
      return { row: resourceRow(change.resource), ...expectOf(change) };
    case "resource.delete": {
      const { project, resourceKind: resource, id } = change;
      const what = `${resource} ${id} of project ${project}`;
      return { ...checked({ project, resource, id, what }), ...expectOf(change) };
    }
    case "event.insert": {
      const { payload, trace_tag, ...event } = change.event;
      const taken = `event ${event.id} exists already in project ${event.project}`;
      return {
        row: { ...checked(event), payload: JSON.stringify(payload), ...optional("trace_tag", trace_tag) },
        ...checked({ taken }),
      };
    }
    case "event.move":
      return checked({ project: change.project, id: change.id, from: change.from, to: change.to });
    case "enforcement.insert": {
      const { rule, failure_reason, ...rest } = change.enforcement;
      const taken = `enforcement ${rest.id} exists already in project ${rest.project}`;
      const row = checked({ ...rest, rule_id: rule.id, rule_ref: rule.ref, rule_uid: rule.uid });
      return { row: { ...row, ...optional("failure_reason", failure_reason) }, ...checked({ taken }) };
    }
    case "execution.insert":
      return executionFields(change.execution);
    case "execution.move":
      return moveFields(change);
    case "output.append":
      return {
        rows: change.chunks.map(({ data, ...chunk }) => ({
          ...checked({ project: change.project, ...chunk }),
          data: JSON.stringify(data),
        })),
      };
    case "workflow.append": {
      const { project, execution, seq, step } = change;
      return { ...checked({ project, execution, seq }), step: JSON.stringify(step) };
    }
    case "workflow.save": {
      const { project, execution, seq, state } = change;
      return checked({ project, execution, seq, state });
    }
    case "workflow.tell": {
      const { project, execution, id, shard, event, context } = change;
      const taken = `what is told under ${id} is there already in project ${project}`;
      const row = checked({ project, execution, id, shard, event: JSON.stringify(event) });
      return { ...row, ...optional("context", context), ...checked({ taken }) };
    }
    case "workflow.hear":
      return checked({ project: change.project, id: change.id });
    case "member.evict":
      return checked({ id: change.id, beats: change.beats });
    case "member.leave":
      return checked({ id: change.id });
    case "singleton.take":
    case "singleton.release":
      return checked({ name: change.name, member: change.member });
    case "key.put":
      return { row: keyRow(change.key), what: keyName(change.key), ...expectOf(change) };
    case "key.delete": {
      const { project, scope, user: username, name } = change;
      return { ...checked({ project, scope, username, name, what: keyName(change) }), ...expectOf(change) };
    }
    case "timer.put": {
      const { timer } = change;
      return { row: checked({ ...timer }), what: timerName(timer), ...expectOf(change) };
    }
    case "timer.delete":
      return checked({ project: change.project, trigger: change.trigger, what: timerName(change) });
    case "user.put":
      return {
        row: userRow(change.user),
        ...checked({ taken: `user ${change.user.name} exists already in project ${change.user.project}` }),
      };
    case "token.insert":
      return { row: tokenRow(change.token), ...checked({ taken: `the hash of token ${change.token.id} is taken` }) };
    case "token.delete":
      return checked({ hash: change.hash });
    case "apikey.put":
      return { row: apiKeyRow(change.key), ...checked({ taken: `the hash of API key ${change.key.id} is taken` }) };
    case "apikey.delete": {
      const { project, id } = change;
      return checked({ project, id, what: `API key ${id} of project ${project}` });
    }
    case "archive.keep":
      return checked({ digest: change.digest }); // its bytes are there already (archives.ts)
    default:
      return change satisfies never;
  }
}

function executionFields(execution: Execution): Record<string, unknown> {
  const {
    lease,
    end: ended,
    user: username,
    log,
    notify,
    callback,
    context,
    parameters,
    result,
    where: _where,
    priority = 0,
    ...narrow
  } = execution;
  const taken = `execution ${execution.id} exists already in project ${execution.project}`;
  return {
    ...checked({ taken }),
    finished: isCompleted(execution.status),
    row: {
      ...checked({ ...narrow, priority, wants: wantsOf(execution), username, worker: lease?.worker, ended }),
      log,
      context: JSON.stringify(context),
      parameters: JSON.stringify(parameters),
      ...optional("notify", notify),
      ...optional("callback", callback),
      ...optional("result", result),
    },
  };
}

function moveFields(move: ExecutionMove): Record<string, unknown> {
  const { project, id, to, at, worker, lease, start, end, due, result, context } = move;
  return {
    ...checked({ project, id, to, worker, start, end, due }),
    from: move.from.filter((status) => !isCompleted(status)),
    entry: { status: to, timestamp: at } satisfies StatusChange,
    finished: isCompleted(to),
    ...(lease !== undefined && { lease: lease && checked({ ...lease }) }),
    ...optional("result", result),
    ...optional("context", context),
  };
}

function resourceRow({ project, kind, id, ref, pack, name, body }: StoredResource): Record<string, unknown> {
  return { ...checked({ project, kind, id, ref, pack, name }), body: JSON.stringify(body) };
}

function keyRow({ value, description, user: username, ...key }: Key): Record<string, unknown> {
  return { ...checked({ ...key, username }), value: JSON.stringify(value), ...optional("description", description) };
}

function userRow({ roles, ...user }: User): Record<string, unknown> {
  return { ...checked({ ...user }), roles: JSON.stringify(roles) };
}

function tokenRow({ metadata, user: username, ...token }: Token): Record<string, unknown> {
  return { ...checked({ ...token, username }), metadata: JSON.stringify(metadata) };
}

function apiKeyRow({ metadata, user: username, ...key }: ApiKey): Record<string, unknown> {
  return { ...checked({ ...key, username }), metadata: JSON.stringify(metadata) };
}

function keyName({ project, scope, user, name }: Pick<Key, "project" | "scope" | "user" | "name">): string {
  return checkedText(`key ${name} (${scope}${user ? ` of ${user}` : ""}, project ${project})`);
}

function timerName({ project, trigger }: { readonly project: string; readonly trigger: string }): string {
  return checkedText(`the timer of trigger ${trigger} of project ${project}`);
}

function expectOf(change: { readonly expect?: number }): { expect?: number } {
  return change.expect === undefined ? {} : { expect: change.expect };
}

/** A field that is kept as JSON text, so that it may hold any text. */
function optional(name: string, value: unknown): Record<string, string> {
  return value === undefined ? {} : { [name]: JSON.stringify(value) };
}

function checked(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  for (const value of Object.values(fields)) if (typeof value === "string") checkedText(value);
  return { ...fields };
}

function checkedText(text: string): string {
  if (text.includes("\0")) throw new Error("a name in it holds the character NUL");
  return text;
}
