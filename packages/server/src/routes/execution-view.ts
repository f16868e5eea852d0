import { EXECUTION_STATUSES, type Execution, type JsonObject, Labels, Priority } from "@squall/model";
import Type from "typebox";
import type { Call } from "../http/route.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Text = Type.String();

/** An execution as StackStorm's API shows it. What is empty is left out. */
export const ExecutionView = Type.Object({
  id: Text,
  status: Type.String({ enum: [...EXECUTION_STATUSES] }),
  start_timestamp: Text,
  end_timestamp: Type.Optional(Text),
  elapsed_seconds: Type.Optional(Type.Number()),
  action: FreeObject,
  runner: Type.Optional(FreeObject),
  liveaction: Type.Optional(FreeObject),
  parameters: Type.Optional(FreeObject),
  result: Type.Optional(Type.Unknown()),
  result_size: Type.Optional(Type.Integer()),
  context: Type.Optional(FreeObject),
  parent: Type.Optional(Text),
  children: Type.Optional(Type.Array(Text)),
  log: Type.Optional(Type.Array(Type.Object({ timestamp: Text, status: Text }))),
  rule: Type.Optional(FreeObject),
  trigger: Type.Optional(FreeObject),
  trigger_type: Type.Optional(FreeObject),
  trigger_instance: Type.Optional(FreeObject),
  delay: Type.Optional(Type.Integer()),
  where: Type.Optional(Labels),
  priority: Type.Optional(Priority),
  web_url: Type.Optional(Text),
  workflow_execution: Type.Optional(Text),
  task_execution: Type.Optional(Text),
});

/** What lists of executions may choose from. */
export const SELECTABLE = {
  known: new Set([...Object.keys(ExecutionView.properties), "notify", "callback", "tags"]),
  excludable: new Set(["result", "trigger_instance", "status"]),
  always: ["id"],
};

/** The execution as whoever asks may see it. */
export async function viewOne(
  call: Call,
  execution: Execution,
  options: { maxResultBytes?: number } = {},
): Promise<JsonObject> {
  const [view] = await call.context.engine.executions.views([execution], {
    showSecrets: showSecrets(call),
    ...options,
  });
  return view ?? {};
}

/** Secrets are shown to administrators who ask for them. */
export function showSecrets(call: Call): boolean {
  return (
    (call.query as { show_secrets?: boolean }).show_secrets === true && call.may("show_secrets", { type: "execution" })
  );
}
