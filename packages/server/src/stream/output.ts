import { isCompleted } from "@squall/model";
import { eventHeaders } from "../http/reply.ts";
import type { Call, Reply } from "../http/route.ts";
import { findExecution } from "../routes/find-execution.ts";
import { outputData } from "./hub.ts";
import { frameOf, openEvents } from "./sse.ts";

/** The store is asked again this often in case the bus lost a hint. */
const RECHECK_MS = 2_000;

/**
 * Streams what an execution printed and prints, then `EOF`. The bus only says when to look; what is sent is read from
 * the store, so nothing is missing and nothing comes twice.
 */
export async function streamOutput(call: Call<{ output_type?: string }>): Promise<Reply> {
  const { engine, bus, streams } = call.context;
  const execution = await findExecution(call);
  const given = call.query.output_type;
  const type = given === "stdout" || given === "stderr" || given === "output" ? given : undefined;
  streams.admit();
  const writer = openEvents(call.outgoing, eventHeaders(call));
  streams.track(writer);

  let last = 0;
  let looking = false;
  let again = false;
  const look = async (): Promise<void> => {
    again = true;
    if (looking) return;
    looking = true;
    try {
      while (again) {
        again = false;
        // The status is read before the output: what was printed before the end is then surely there.
        const now = await engine.executions.get(call.project, execution.id);
        const chunks = await engine.executions.output(call.project, execution.id, type, last);
        for (const chunk of chunks) {
          last = Math.max(last, chunk.seq);
          const data = outputData({ chunk, action: execution.action, runner: execution.runner });
          if (!writer.send(frameOf("st2.execution.output__create", JSON.stringify(data)))) return;
        }
        if (now === undefined || isCompleted(now.status) || now.status === "pausing" || now.status === "resuming") {
          writer.end("event: EOF\ndata: ''\n\n");
          return;
        }
      }
    } catch (error) {
      call.context.log.error({ err: error, execution: execution.id }, "output could not be streamed");
      writer.end(": the output could not be read\n\n");
    } finally {
      looking = false;
    }
  };

  const unsubscribe = bus.subscribe(["output", "execution"], (message) => {
    const id = message.topic === "output" ? message.chunk.execution : message.execution.id;
    if (id === execution.id) void look();
  });
  const recheck = setInterval(() => void look(), RECHECK_MS);
  void writer.closed.then(() => {
    unsubscribe();
    clearInterval(recheck);
  });
  await look();
  return { status: 200, taken: true };
}
