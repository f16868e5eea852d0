import { gzipSync } from "node:zlib";
import { type Execution, Invalid } from "@squall/model";
import Type from "typebox";
import { type Call, ok, type Reply, route, type Route } from "../http/route.ts";
import { streamOutput } from "../stream/output.ts";
import { wantsEvents } from "../stream/sse.ts";
import { SELECTABLE, viewOne } from "./execution-view.ts";
import { findExecution } from "./find-execution.ts";

const Text = Type.String();

const OUTPUT_QUERY = Type.Object({ output_type: Type.Optional(Type.String({ description: "all, stdout or stderr" })) });

async function outputText(call: Call, execution: Execution, type: string): Promise<string> {
  if (!["all", "stdout", "stderr", "output"].includes(type)) {
    throw new Invalid("execution.output.type", {
      message: `Parameter "output_type" is "${type}"; possible are all, stdout, stderr and output.`,
      at: { field: "output_type" },
    });
  }
  const only = type === "all" ? undefined : (type as "stdout" | "stderr" | "output");
  const chunks = await call.context.engine.executions.output(call.project, execution.id, only);
  return chunks.map((chunk) => chunk.data).join("");
}

async function output(call: Call<{ output_type?: string }>): Promise<Reply> {
  if (wantsEvents(call.headers)) return streamOutput(call);
  const text = await outputText(call, await findExecution(call), call.query.output_type ?? "all");
  return { status: 200, bytes: text, headers: { "Content-Type": "text/plain; charset=UTF-8" } };
}

/** What an execution printed and what came of it. */
export const EXECUTION_OUTCOME_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/executions/{id}/output",
    summary: "Shows what an execution printed so far; as events when asked for text/event-stream.",
    verb: "view",
    resource: "execution",
    query: OUTPUT_QUERY,
    produces: "text/plain",
    response: Text,
    handler: output,
  }),
  route({
    method: "GET",
    path: "/stream/executions/{id}/output",
    summary: "Streams what an execution prints until it is completed.",
    verb: "view",
    resource: "execution",
    query: OUTPUT_QUERY,
    produces: "text/event-stream",
    response: Text,
    handler: streamOutput,
  }),
  route({
    method: "GET",
    path: "/executions/{id}/result",
    summary: "Shows the result alone, as a download when asked to.",
    verb: "view",
    resource: "execution",
    query: Type.Object({
      download: Type.Optional(Type.Boolean()),
      compress: Type.Optional(Type.Boolean()),
      pretty_format: Type.Optional(Type.Boolean()),
    }),
    produces: "text/json",
    response: Type.Unknown(),
    handler: async (call) => {
      const { download = false, compress = false, pretty_format: pretty = false } = call.query;
      const execution = await findExecution(call);
      const view = await viewOne(call, execution);
      const text = JSON.stringify(view.result ?? {}, null, pretty ? 4 : undefined);
      const name = `execution_${execution.id}_result.json${compress ? ".gz" : ""}`;
      return {
        status: 200,
        bytes: compress ? gzipSync(text) : text,
        headers: {
          "Content-Type": compress ? "application/x-gzip" : "text/json",
          ...(download || compress ? { "Content-Disposition": `attachment; filename=${name}` } : {}),
        },
      };
    },
  }),
  route({
    method: "GET",
    path: "/executions/{id}/attribute/{attribute}",
    summary: "Shows one attribute of an execution: result, trigger_instance or status.",
    verb: "view",
    resource: "execution",
    response: Type.Unknown(),
    handler: async (call) => {
      const attribute = call.param("attribute");
      if (!SELECTABLE.excludable.has(attribute)) {
        throw new Invalid("execution.attribute.unknown", {
          message: `Invalid attribute "${attribute}" specified: possible are ${[...SELECTABLE.excludable].join(", ")}.`,
        });
      }
      return ok((await viewOne(call, await findExecution(call)))[attribute] ?? null);
    },
  }),
];
