import { type ApiExecution, ClientError } from "@squall/client";
import type { Context } from "./context.ts";
import { Failure } from "./failure.ts";
import { follow, isCompleted } from "./follow.ts";
import { formatSeconds } from "./output/time.ts";
import { startProgress } from "./progress.ts";

/** What logging puts before a line of a Python action. */
const LOG_PREFIX = /^actions\.python\.\w+: (?:DEBUG|INFO|AUDIT|WARNING|ERROR|CRITICAL) +/gm;

/**
 * Waits for a workflow that does something for the person at the terminal, and tells on stderr which task is at work, what
 * it prints, and how each one ended. Programs (--json) hear nothing. Ctrl-C leaves; the workflow goes on.
 */
export async function followTasks(context: Context, id: string, title: string): Promise<ApiExecution> {
  const client = await context.client();
  const { out } = context;
  const leaving = new AbortController();
  const told = new Set<string>();
  const outputs: Promise<void>[] = [];
  using progress = startProgress(out.isTerminal.stderr && out.format === "table", title);
  const write = (text: string): void => {
    if (out.format === "table") progress.write(process.stderr, text);
  };

  const tell = (child: ApiExecution): void => {
    const name = taskName(child);
    if (isCompleted(child.status)) {
      if (told.has(`${child.id} end`)) return;
      told.add(`${child.id} end`);
      const mark = child.status === "succeeded" ? out.stderrColors.green("✓") : out.stderrColors.red("✗");
      const took = child.elapsed_seconds === undefined ? "" : `  ${formatSeconds(child.elapsed_seconds)}`;
      write(`${mark} ${name}${took}\n`);
      progress.say(title);
    } else if (child.status === "running" && !told.has(child.id)) {
      told.add(child.id);
      progress.say(`${title}: ${name}`);
      outputs.push(quietly(copyOutput(child.id)));
    }
  };
  const copyOutput = async (child: string): Promise<void> => {
    for await (const { data } of client.executions.outputEvents(child, leaving.signal)) {
      write(out.stderrColors.dim(data.replaceAll(LOG_PREFIX, "  ")));
    }
  };
  /** What it is told of is for show: the end is waited for by `follow`. */
  const quietly = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (thrown) {
      if (!(thrown instanceof ClientError) && !leaving.signal.aborted) throw thrown;
    }
  };
  const listen = async (): Promise<void> => {
    const events = ["st2.execution__create", "st2.execution__update"];
    const query = { events, end_event: "st2.execution__update", end_execution_id: id };
    for await (const { data } of client.stream(query, { signal: leaving.signal })) {
      // The cast: these events carry executions.
      const child = data as ApiExecution;
      if (child.parent === id) tell(child);
    }
  };

  const tellAll = async (): Promise<void> => {
    for (const child of (await client.executions.children(id)).items) if (child.parent === id) tell(child);
  };

  const onInterrupt = (): void => leaving.abort();
  process.once("SIGINT", onInterrupt);
  // What was over before the stream began is looked up.
  const listening = out.format === "table" ? Promise.all([quietly(listen()), quietly(tellAll())]) : Promise.resolve();
  try {
    const done = await follow(client, id, {
      signal: leaving.signal,
      onNote: (text) => write(`squall: ${text}\n`),
    });
    if (!done) throw new Failure(`left; ${id} goes on`, `squall execution get ${id}`);
    if (out.format === "table") await tellAll();
    return done;
  } finally {
    leaving.abort();
    process.off("SIGINT", onInterrupt);
    await Promise.all([listening, ...outputs]);
  }
}

function taskName(child: ApiExecution): string {
  const orquesta = child.context?.orquesta as { task_name?: unknown } | undefined;
  return typeof orquesta?.task_name === "string" ? orquesta.task_name : child.action.ref;
}
