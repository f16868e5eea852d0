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
      },
      { additionalProperties: false },
    ),
    response: Type.Object({
      status: Text,
      output: Type.Union([FreeObject, Type.Null()]),
      errors: Type.Array(FreeObject),
      path: Type.Array(FreeObject),
      unused: Type.Array(Text),
    }),
    handler: (call) => {
      const { definition, inputs = {}, mocks = {}, keys = {} } = call.body;
      return ok(
        call.context.engine.workflows.rehearse(call.project, { definition, inputs, mocks: mocksOf(mocks), keys }),
      );
    },
  }),
  route({
    method: "GET",
    path: "/executions/{id}/graph",
    summary: "Tells what leads where in a workflow's execution, and how far it has come.",
    verb: "view",
    resource: "execution",
    response: Graph,
    handler: async (call) => ok(await call.context.engine.workflows.graphOf(await findExecution(call, "view"))),
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
    const stray = Object.keys(value).find((name) => name !== "status" && name !== "result");
    if (stray !== undefined) refuse(`has "${stray}"`);
    const status = MOCK_STATUSES.find((name) => name === (value.status ?? "succeeded"));
    if (status === undefined) return refuse(`has a status that is not one of ${MOCK_STATUSES.join(", ")}`);
    return { status, ...("result" in value && { result: value.result }) };
  };
  return Object.fromEntries(
    Object.entries(given).map(([task, value]) => [
      task,
      Array.isArray(value) ? value.map((each) => one(task, each)) : one(task, value),
    ]),
  );
}
