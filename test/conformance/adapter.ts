/**
 * The languages' packages as the recorded behaviour's grader calls them. Everything goes through their public doors. Texts
 * that come out of expressions are evaluated again here, because the originals do.
 */
import { createDecipheriv } from "node:crypto";
import { createEnvironment, JinjaError, parseJson } from "@squall/jinja";
import {
  checkExpressions,
  evaluateExpressions,
  type KeyRequest,
  routeSeenFrom,
  stackStormFilters,
  usedVariables,
  type Variables,
  type WorkflowFunctions,
  DECRYPT,
} from "@squall/expressions";
import { readYaml } from "@squall/packs";
import { type Conductor, conductor as newConductor, loadOrquesta, orquestaProgram } from "@squall/workflow";

type Named = Readonly<Record<string, unknown>>;

export { yaql } from "./yaql.ts";

interface KeyLine {
  readonly scope: "system" | "user";
  readonly user?: string;
  readonly name: string;
  readonly value: unknown;
  readonly secret?: boolean;
  readonly plaintext?: unknown;
}

const keyReader =
  (kv: readonly KeyLine[]) =>
  (request: KeyRequest): { value: unknown } | undefined => {
    const found = kv.find(
      (one) =>
        one.scope === request.scope &&
        one.name === request.name &&
        (one.scope === "system" || one.user === request.user),
    );
    if (found === undefined) return undefined;
    return { value: request.decrypt && found.secret === true ? found.plaintext : found.value };
  };

interface StateLine {
  readonly routes?: readonly (readonly string[])[];
  readonly sequence?: readonly { readonly id: string; readonly route: number; readonly status?: string }[];
  readonly tasks?: Readonly<Record<string, number>>;
}
interface ExecutionLine {
  readonly task_id: string;
  readonly route: number;
}

/** Orquesta hands the current task, item and workflow state to expressions as private members of the context. */
function surroundings(
  context: Named,
  kv: readonly KeyLine[],
  executions: readonly ExecutionLine[],
): [Variables, WorkflowFunctions] {
  const { __state, __current_task, __current_item, ...variables } = context as {
    __state?: StateLine;
    __current_task?: { id: string; route: number; result?: unknown };
    __current_item?: unknown;
  };
  const seen = <T>(route: number, find: (route: number) => T | undefined): T | undefined => {
    const at = routeSeenFrom(
      route,
      (number) => __state?.routes?.[number],
      (number) => find(number) !== undefined,
    );
    return at === undefined ? undefined : find(at);
  };
  return [
    { ...variables, ...privateOnes(context) },
    {
      reevaluate: true,
      ...(__current_task === undefined ? {} : { task: __current_task }),
      ...(__current_item === undefined ? {} : { item: __current_item }),
      statusOf: (task, route) => seen(route, (r) => entryOf(__state, task, r))?.status,
      recordOf: (task, route) => {
        const found = seen(route, (r) => executions.findLast((one) => one.task_id === task && one.route === r));
        return found && { ...found, task_name: found.task_id, workflow_execution_id: workflowOf(variables) };
      },
      readKey: keyReader(kv),
    },
  ];
}

const workflowOf = (variables: Named): unknown => (variables.st2 as Named | undefined)?.workflow_execution_id;

const privateOnes = (context: Named): Named =>
  Object.fromEntries(Object.entries(context).filter(([name]) => name.startsWith("__")));

function entryOf(state: StateLine | undefined, task: string, route: number): { status?: string } | undefined {
  const index = state?.tasks?.[`${task}__r${route}`];
  return index === undefined ? undefined : state?.sequence?.[index];
}

export function expression(given: {
  op: "evaluate" | "validate" | "extract_vars";
  statement: unknown;
  context?: Named;
  kv: KeyLine[];
  task_executions: ExecutionLine[];
}): unknown {
  if (given.op === "validate") return checkAll(given.statement);
  if (given.op === "extract_vars") {
    return usedVariables(given.statement).map((use) => [use.language, use.statement, use.variable]);
  }
  const [variables, functions] = surroundings(given.context ?? {}, given.kv, given.task_executions);
  return evaluateExpressions(given.statement, variables, functions);
}

function checkAll(statement: unknown): unknown[] {
  if (typeof statement === "string") return checkExpressions(statement);
  if (Array.isArray(statement)) return statement.flatMap(checkAll);
  if (typeof statement !== "object" || statement === null) return [];
  return Object.entries(statement).flatMap(([key, value]) => [...checkExpressions(key), ...checkAll(value)]);
}

interface TextOptions {
  readonly allow_undefined?: boolean;
  readonly trim_blocks?: boolean;
  readonly lstrip_blocks?: boolean;
}

export function template(given: {
  op: "render" | "render_values";
  template: unknown;
  context: Named;
  options: TextOptions;
  crypto_key?: { aesKeyString: string };
}): unknown {
  const { context, options, crypto_key: key } = given;
  const environment = createEnvironment({
    strict: options.allow_undefined !== true,
    trimBlocks: options.trim_blocks ?? true,
    lstripBlocks: options.lstrip_blocks ?? true,
    filters: stackStormFilters,
  });
  const full = key === undefined ? context : { ...context, [DECRYPT]: (hex: string) => decrypt(hex, key.aesKeyString) };
  try {
    if (given.op === "render") return environment.compile(given.template as string).render(full);
    return renderValues(given.template as Named, context, environment);
  } catch (error) {
    throw error instanceof JinjaError ? Object.assign(new Error(error.text), { type: error.kind }) : error;
  }
}

/** `render_values`: containers are rendered as JSON texts; a value that does not change keeps its type. */
function renderValues(values: Named, context: Named, environment: ReturnType<typeof createEnvironment>): unknown {
  if (Object.keys(context).length === 0) return values;
  const full = { ...context, __context: context };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const isContainer = typeof value === "object" && value !== null;
      const text = isContainer ? JSON.stringify(value) : typeof value === "string" ? value : undefined;
      const source = text ?? environment.compileExpression("x|string").evaluate({ x: value });
      const rendered = environment.compile(source as string).render(full);
      if (isContainer) return [name, parseJson(rendered)];
      return [name, text === undefined && rendered === source ? value : rendered];
    }),
  );
}

/** The reading half of StackStorm's encryption: 5 bytes of header, 16 of IV, AES-256-CBC, 20 of HMAC. */
function decrypt(hex: string, key: string): string {
  const bytes = Buffer.from(hex, "hex");
  const cipher = createDecipheriv("aes-256-cbc", Buffer.from(key, "base64url"), bytes.subarray(5, 21));
  return Buffer.concat([cipher.update(bytes.subarray(21, -20)), cipher.final()]).toString();
}

export function load({ workflow }: { workflow: string }): void {
  loadOrquesta(readYaml(workflow));
}

export function inspect({ workflow, app_ctx }: { workflow: string; app_ctx?: Named }): unknown {
  const document = readYaml(workflow);
  const program = orquestaProgram(document.value, {
    locate: (path) => document.positions.at(path),
    contextNames: Object.keys(app_ctx ?? {}),
  });
  const found: Record<string, unknown[]> = {};
  for (const problem of program.inspect()) {
    const { category, message, specPath, schemaPath, type, expression: text } = problem;
    (found[category] ??= []).push({
      message,
      spec_path: specPath,
      schema_path: schemaPath,
      ...(type === undefined ? {} : { type }),
      ...(text === undefined ? {} : { expression: text }),
    });
  }
  return found;
}

interface Call {
  readonly call: string;
  readonly request?: string;
  readonly task_id?: string;
  readonly route?: number;
  readonly event?: {
    readonly kind: "action" | "item";
    readonly status: never;
    readonly result?: unknown;
    readonly item_id?: number;
    readonly accumulated_result?: readonly unknown[];
  };
  readonly tasks_requested?: readonly { task_id: string; route: number; reset_items?: boolean }[] | null;
}

export function conductor(given: { workflow: string; inputs?: Named; context?: Named; kv: KeyLine[] }): unknown {
  const source = readYaml(given.workflow).value;
  const env = { reevaluate: true, context: given.context ?? {}, readKey: keyReader(given.kv) };
  let conducting: Conductor = newConductor(source, { inputs: given.inputs ?? {}, env });
  return {
    apply(call: Call): unknown {
      try {
        return perform(call);
      } catch (error) {
        const { type, fields } = error as { type?: string; fields?: { type?: string } };
        throw Object.assign(new Error((error as Error).message), {
          type: type ?? fields?.type ?? (error as Error).name,
        });
      }
    },
    observe: () => ({
      status: conducting.state.status ?? "null",
      tasks: conducting.tasks().map((one) => [one.task, one.route, one.status]),
      staged: conducting.state.staged.map((one) =>
        one.completed === true ? [one.task, one.route, one.ready, "completed"] : [one.task, one.route, one.ready],
      ),
      errors: conducting.state.errors.length,
    }),
    final: () => ({
      status: conducting.state.status ?? "null",
      output: conducting.state.output,
      errors: conducting.state.errors,
      log: conducting.state.log,
      terminal_tasks: conducting.tasks().flatMap((one) => (one.terminal ? [[one.task, one.route]] : [])),
      state: null,
    }),
  };

  function perform(call: Call): unknown {
    const { task_id: task = "", route = 0 } = call;
    switch (call.call) {
      case "request_status":
        return conducting.requestStatus(call.request ?? "");
      case "next_tasks":
        return conducting.nextTasks().map(describe);
      case "update_task":
        return conducting.updateTask(task, route, eventOf(call.event as NonNullable<Call["event"]>));
      case "rerun":
        return conducting.rerun(
          (call.tasks_requested ?? []).map((one) => ({
            task: one.task_id,
            route: one.route,
            resetItems: one.reset_items === true,
          })),
        );
      case "render_output":
        return conducting.renderOutput();
      case "restore":
        conducting = newConductor(source, {
          state: JSON.parse(JSON.stringify(conducting.state)) as Conductor["state"],
          env,
          known: conducting.known,
        });
        return undefined;
      case "initial_context":
        return visible(conducting.initialVariables());
      case "terminal_context":
        return visible(conducting.terminalVariables());
      case "task_initial_context":
        return visible(conducting.taskVariables(task, route));
      case "task_transition_contexts":
        return Object.fromEntries(
          Object.entries(conducting.transitionVariables(task, route)).map(([id, variables]) => [
            id,
            visible(variables),
          ]),
        );
      case "get_task":
        return describe(conducting.task(task, route));
      default:
        throw new Error(`the recorded call '${call.call}' is not known`);
    }
  }
}

function eventOf(event: NonNullable<Call["event"]>): Parameters<Conductor["updateTask"]>[2] {
  const { status, result = null } = event;
  if (event.kind === "action") return { kind: "action", status, result };
  return { kind: "item", item: event.item_id ?? 0, status, result, results: event.accumulated_result ?? [] };
}

const describe = (next: ReturnType<Conductor["nextTasks"]>[number]): Named => ({
  id: next.task,
  route: next.route,
  ctx: visible(next.variables),
  actions: next.actions.map(({ action, input, itemId }) => ({
    action,
    input,
    ...(itemId === undefined ? {} : { item_id: itemId }),
  })),
  ...(next.delay === undefined ? {} : { delay: next.delay }),
  ...(next.itemsCount === undefined ? {} : { items_count: next.itemsCount, concurrency: next.concurrency }),
});

const visible = (variables: Named): Named =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith("__")));
