import { Invalid, isObject } from "@squall/model";
import type { Mock } from "@squall/engine";
import Type from "typebox";
import { ok, route, type Route } from "../http/route.ts";
import { findExecution } from "./find-execution.ts";

const Text = Type.String();
const FreeObject = Type.Record(Type.String(), Type.Unknown());
const MOCK_STATUSES = ["succeeded", "failed", "timeout", "abandoned", "canceled"] as const;

const Entry = Type.Object({
  type: Type.String({ enum: ["content", "context", "expression", "semantic", "syntax"] }),
  message: Text,
  spec_path: Type.Union([Text, Type.Null()]),
  schema_path: Type.Union([Text, Type.Null()]),
  language: Type.Optional(Text),
  expression: Type.Optional(Text),
  suggestion: Type.Optional(Text),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
});

const Graph = Type.Object({ nodes: Type.Array(FreeObject), edges: Type.Array(FreeObject) });

const Count = Type.Integer({ minimum: 0 });
const Asked = Type.Union([
  Type.Object({
    after: Count,
    kind: Type.Union([Type.Literal("pause"), Type.Literal("resume"), Type.Literal("cancel")]),
  }),
  Type.Object({ after: Count, kind: Type.Literal("fail"), message: Text }),
  Type.Object({
    after: Count,
    kind: Type.Literal("rerun"),
    tasks: Type.Array(Type.Object({ task: Text, route: Count, resetItems: Type.Optional(Type.Boolean()) })),
  }),
]);
const Moment = Type.Object({ from: Count, at: Type.Number(), seed: Type.Number() });
const Expected = Type.Object({
  status: Text,
  output: Type.Union([FreeObject, Type.Null()]),
  path: Type.Array(
    Type.Object({
      task: Text,
      route: Count,
      item: Type.Optional(Count),
      action: Text,
      input: FreeObject,
      delay: Type.Optional(Type.Number()),
      status: Text,
    }),
  ),
});
const Recording = Type.Object({
  recording: Type.Integer(),
  of: FreeObject,
  definition: Text,
  inputs: FreeObject,
  mocks: FreeObject,
  keys: FreeObject,
  context: FreeObject,
  requests: Type.Array(FreeObject),
  moments: Type.Optional(Type.Array(FreeObject)),
  expected: FreeObject,
  notes: Type.Array(Text),
});

/** Definitions of workflows: nothing here writes or runs anything. */
export const WORKFLOW_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/workflows/inspect",
    summary: "Finds everything that is wrong with a workflow definition, given as YAML.",
    verb: "view",
    resource: "action",
    takesText: true,
    response: Type.Array(Entry),
    handler: (call) => ok(call.context.engine.workflows.inspect(call.project, String(call.body))),
  }),
  route({
    method: "POST",
    path: "/workflows/graph",
    summary: "Tells what leads where in a workflow definition, given as YAML.",
    verb: "view",
    resource: "action",
    takesText: true,
    response: Graph,
    handler: (call) => ok(call.context.engine.workflows.graph(String(call.body))),
  }),
  route({
    method: "POST",
    path: "/workflows/rehearse",
    summary: "Takes a workflow through with given task results. No action runs and nothing is written.",
    verb: "view",
    resource: "action",
    body: Type.Object(
      {
        definition: Type.String({ description: "YAML." }),
        inputs: Type.Optional(FreeObject),
        mocks: Type.Optional(
          Type.Record(Type.String(), Type.Unknown(), {
            description:
              "By task: {status, result}, or a list of them for one run (or item) after the other. Others succeed with {}.",
          }),
        ),
        keys: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "What st2kv finds." })),
        context: Type.Optional(Type.Object({ st2: Type.Optional(FreeObject), parent: Type.Optional(FreeObject) })),
        requests: Type.Optional(Type.Array(Asked)),
        moments: Type.Optional(Type.Array(Moment)),
        expected: Type.Optional(Expected),
        // What else a recording says of itself.
        recording: Type.Optional(Type.Integer({ minimum: 1, maximum: 1 })),
        of: Type.Optional(FreeObject),
        notes: Type.Optional(Type.Array(Text)),
      },
      { additionalProperties: false },
    ),
    response: Type.Object({
      status: Text,
      output: Type.Union([FreeObject, Type.Null()]),
      errors: Type.Array(FreeObject),
      path: Type.Array(FreeObject),
      unused: Type.Array(Text),
      differences: Type.Optional(Type.Array(Text, { description: "Where it departs from what was expected." })),
    }),
    handler: (call) => {
      const { mocks = {}, recording: _version, of: _of, notes: _notes, ...rehearsal } = call.body;
      return ok(call.context.engine.workflows.rehearse(call.project, { ...rehearsal, mocks: mocksOf(mocks) }));
    },
  }),
  route({
    method: "GET",
    path: "/executions/{id}/tasks",
    summary: "Tells what became of the tasks of a workflow's execution and its sub-workflows.",
    verb: "view",
    resource: "execution",
    response: Type.Object({ tasks: Type.Array(FreeObject), more: Type.Optional(Type.Integer()) }),
    handler: async (call) => ok(await call.context.engine.workflows.tasksOf(await findExecution(call))),
  }),
  route({
    method: "GET",
    path: "/executions/{id}/recording",
    summary: "Makes a rehearsal that does what a workflow's execution did. Secrets are replaced.",
    verb: "view",
    resource: "execution",
    response: Recording,
    handler: async (call) => ok(await call.context.engine.workflows.record(await findExecution(call))),
  }),
  route({
    method: "GET",
    path: "/executions/{id}/graph",
    summary: "Tells what leads where in a workflow's execution, and how far it has come.",
    verb: "view",
    resource: "execution",
    response: Graph,
    handler: async (call) => ok(await call.context.engine.workflows.graphOf(await findExecution(call))),
  }),
];

function mocksOf(given: Readonly<Record<string, unknown>>): Record<string, Mock | Mock[]> {
  const one = (task: string, value: unknown): Mock => {
    const refuse = (what: string): never => {
      throw new Invalid("workflow.mock", {
        message: `The mock of task "${task}" ${what}; write {"status": "succeeded", "result": ...}.`,
        at: { field: `mocks.${task}` },
      });
    };
    if (!isObject(value)) return refuse("is not an object");
    const { status: _status, result, item, order, execution, ...stray } = value;
    for (const name in stray) refuse(`has "${name}"`);
    const status = MOCK_STATUSES.find((name) => name === (value.status ?? "succeeded"));
    if (status === undefined) return refuse(`has a status that is not one of ${MOCK_STATUSES.join(", ")}`);
    const isCount = (number: unknown): number is number => Number.isSafeInteger(number) && Number(number) >= 0;
    if (item !== undefined && !isCount(item)) return refuse("has an item that is not a number of one, from 0 on");
    if (order !== undefined && !isCount(order)) return refuse("has an order that is not a whole number");
    if (execution !== undefined && typeof execution !== "string") return refuse("has an execution that is no id");
    return {
      status,
      ...("result" in value && { result }),
      ...(item !== undefined && { item }),
      ...(order !== undefined && { order }),
      ...(execution !== undefined && { execution }),
    };
  };
  return Object.fromEntries(
    Object.entries(given).map(([task, value]) => [
      task,
      Array.isArray(value) ? value.map((each) => one(task, each)) : one(task, value),
    ]),
  );
}
