import {
  Conflict,
  Denied,
  EXECUTION_STATUSES,
  type ExecutionStatus,
  Invalid,
  isObject,
  type JsonObject,
  Labels,
  Notify,
  Priority,
} from "@squall/model";
import type { ExecutionRequest } from "@squall/engine";
import Type from "typebox";
import { ATTRIBUTES, select, selectionOf, shownNames } from "../http/attributes.ts";
import { didYouMean } from "../http/did-you-mean.ts";
import { PAGING, pagingHeaders, pagingOf } from "../http/paging.ts";
import { type Call, created, ok, route, type Route } from "../http/route.ts";
import { ExecutionView, SELECTABLE, showSecrets, viewOne } from "./execution-view.ts";
import { findExecution } from "./find-execution.ts";
import { executionFilter, EXECUTION_FILTERS } from "./execution-query.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Text = Type.String();

/** StackStorm's bound on `max_result_size`. */
const MAX_RESULT_BYTES = 14 * 1024 * 1024;
/** The longest delay: a year, far beyond what anybody plans this way. */
const MAX_DELAY_MS = 366 * 24 * 3600 * 1000;

const Delay = Type.Integer({ minimum: 0, maximum: MAX_DELAY_MS, description: "Milliseconds before it may start." });
const SHOW_SECRETS = { show_secrets: Type.Optional(Type.Boolean()) };

/** Who an execution runs as: the caller, unless an administrator says otherwise. */
function runAs(call: Call, user: string | undefined): { user?: string } {
  if (!user || user === call.principal.user) return {};
  if (call.may("impersonate", { type: "execution" })) return { user };
  throw new Denied("execution.user.denied", {
    message: `User "${call.principal.user}" may not run actions as "${user}": only an administrator may.`,
  });
}

function contextOf(call: Call, given: JsonObject | undefined): JsonObject {
  const header = call.headers["st2-context"];
  let fromHeader: unknown = {};
  if (typeof header === "string" && header !== "") {
    try {
      fromHeader = JSON.parse(header);
    } catch {
      fromHeader = undefined;
    }
    if (!isObject(fromHeader)) {
      throw new Invalid("execution.context.header", { message: "The header st2-context is not a JSON object." });
    }
  }
  const context = { ...given, ...(fromHeader as JsonObject) };
  // Templates read the datastore in this user's name.
  const { api_user: user } = context;
  if (user !== undefined) runAs(call, typeof user === "string" ? user : "?");
  return context;
}

export const EXECUTION_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/executions",
    summary: "Lists executions, newest first.",
    verb: "list",
    resource: "execution",
    query: Type.Object({ ...PAGING, ...ATTRIBUTES, ...EXECUTION_FILTERS, ...SHOW_SECRETS }),
    response: Type.Array(ExecutionView),
    handler: async (call) => {
      const selection = selectionOf(call.query, SELECTABLE);
      const paging = pagingOf(call, "execution", 100);
      const filter = executionFilter(call);
      const { executions } = call.context.engine;
      const { items, total } = await executions.list(call.project, filter, { ...paging, count: true });
      const only = shownNames(selection);
      const views = await executions.views(items, { showSecrets: showSecrets(call), ...(only ? { only } : {}) });
      return ok(
        views.map((view) => select(view, selection)),
        pagingHeaders(paging, total),
      );
    },
  }),
  route({
    method: "POST",
    path: "/executions",
    summary: "Runs an action.",
    verb: "run",
    resource: "execution",
    status: 201,
    query: Type.Object(SHOW_SECRETS),
    body: Type.Object(
      {
        action: Type.String({ minLength: 1, description: "ref of the action" }),
        parameters: Type.Optional(FreeObject),
        user: Type.Optional(Type.String({ description: "Runs as this user; for administrators." })),
        context: Type.Optional(FreeObject),
        notify: Type.Optional(Notify),
        callback: Type.Optional(FreeObject),
        delay: Type.Optional(Delay),
        where: Type.Optional(Labels),
        priority: Type.Optional(Priority),
      },
      { additionalProperties: false },
    ),
    response: ExecutionView,
    handler: async (call) => {
      const { user, context, ...body } = call.body;
      const request: ExecutionRequest = { ...body, ...runAs(call, user), context: contextOf(call, context) };
      return created(await viewOne(call, await call.context.engine.executions.request(call.principal, request)));
    },
  }),
  route({
    method: "GET",
    path: "/executions/views/filters",
    summary: "Lists the values that executions have, for filters.",
    verb: "list",
    resource: "execution",
    query: Type.Object({ types: Type.Optional(Type.Array(Type.String())) }),
    response: Type.Record(Type.String(), Type.Array(Text)),
    handler: async (call) => {
      const all = ["action", "status", "rule", "runner", "trigger", "trigger_type", "user"] as const;
      const wanted = call.query.types;
      const fields = all.filter((field) => wanted === undefined || wanted.includes(field));
      const values = await Promise.all(
        fields.map((field) => call.context.engine.executions.values(call.project, field)),
      );
      return ok(Object.fromEntries(fields.map((field, index) => [field, values[index]])));
    },
  }),
  route({
    method: "GET",
    path: "/executions/{id}",
    summary: "Shows an execution; `last` is the newest.",
    verb: "view",
    resource: "execution",
    query: Type.Object({
      ...ATTRIBUTES,
      ...SHOW_SECRETS,
      max_result_size: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
    response: ExecutionView,
    handler: async (call) => {
      const selection = selectionOf(call.query, SELECTABLE);
      const bytes = call.query.max_result_size;
      if (bytes !== undefined && bytes > MAX_RESULT_BYTES) {
        throw new Invalid("execution.max-result-size", {
          message: `Parameter "max_result_size" is ${bytes}; ${MAX_RESULT_BYTES} (14 MiB) is the most.`,
          at: { field: "max_result_size" },
        });
      }
      const execution = await findExecution(call);
      return ok(select(await viewOne(call, execution, bytes ? { maxResultBytes: bytes } : {}), selection));
    },
  }),
  route({
    method: "PUT",
    path: "/executions/{id}",
    summary: "Cancels, pauses or resumes an execution, or sets its status.",
    verb: "modify",
    resource: "execution",
    query: Type.Object(SHOW_SECRETS),
    body: Type.Object({ status: Text, result: Type.Optional(FreeObject) }, { additionalProperties: false }),
    response: ExecutionView,
    handler: async (call) => {
      const { status: text, result } = call.body;
      const status = EXECUTION_STATUSES.find((one): one is ExecutionStatus => one === text);
      if (status === undefined) {
        throw new Invalid("execution.status.unknown", {
          message: `Failed updating execution. "${text}" is no status${didYouMean(text, EXECUTION_STATUSES)}`,
          at: { field: "status" },
        });
      }
      const { id } = await findExecution(call);
      return ok(
        await viewOne(call, await call.context.engine.executions.setStatus(call.principal, id, status, result)),
      );
    },
  }),
  route({
    method: "DELETE",
    path: "/executions/{id}",
    summary: "Cancels an execution.",
    verb: "cancel",
    resource: "execution",
    query: Type.Object(SHOW_SECRETS),
    response: ExecutionView,
    handler: async (call) => {
      const { id } = await findExecution(call);
      try {
        return ok(await viewOne(call, await call.context.engine.executions.cancel(call.principal, id)));
      } catch (error) {
        // StackStorm answers this with 200, and its client prints the faultstring of such an answer.
        if (error instanceof Conflict) return ok({ faultstring: error.message, code: error.code });
        throw error;
      }
    },
  }),
  route({
    method: "POST",
    path: "/executions/{id}/re_run",
    summary: "Runs the same action again; the given parameters replace old ones. A workflow can go on from some tasks.",
    verb: "run",
    resource: "execution",
    status: 201,
    query: Type.Object(SHOW_SECRETS),
    body: Type.Object(
      {
        parameters: Type.Optional(FreeObject),
        tasks: Type.Optional(Type.Array(Text)),
        reset: Type.Optional(Type.Array(Text)),
        user: Type.Optional(Text),
        delay: Type.Optional(Delay),
      },
      { additionalProperties: false },
    ),
    response: ExecutionView,
    handler: async (call) => {
      const { tasks = [], reset = [], user, parameters, delay } = call.body;
      const execution = await findExecution(call);
      const overrides = {
        ...(parameters ? { parameters } : {}),
        tasks,
        reset,
        ...(delay === undefined ? {} : { delay }),
        ...runAs(call, user),
      };
      return created(
        await viewOne(call, await call.context.engine.executions.rerun(call.principal, execution.id, overrides)),
      );
    },
  }),
  route({
    method: "GET",
    path: "/executions/{id}/children",
    summary: "Lists what an execution started, and what that started.",
    verb: "view",
    resource: "execution",
    query: Type.Object({
      ...ATTRIBUTES,
      ...SHOW_SECRETS,
      depth: Type.Optional(Type.Integer({ minimum: -1 })),
      result_fmt: Type.Optional(Type.String({ enum: ["default", "sorted"] })),
    }),
    response: Type.Array(ExecutionView),
    handler: async (call) => {
      const selection = selectionOf(call.query, SELECTABLE);
      const { id } = await findExecution(call);
      const { executions } = call.context.engine;
      const children = await executions.children(call.project, id, call.query.depth ?? -1);
      if (call.query.result_fmt === "sorted") children.sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
      const views = await executions.views(children, { showSecrets: showSecrets(call) });
      return ok(views.map((view) => select(view, selection)));
    },
  }),
];
