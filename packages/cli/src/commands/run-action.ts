import type { ApiActionOverview, ApiExecution, Client } from "@squall/client";
import { ClientError } from "@squall/client";
import type { Context } from "../context.ts";
import { EXIT } from "../failure.ts";
import { follow, isResting } from "../follow.ts";
import { readText } from "../input-file.ts";
import { exitStatusOf, failureText, partOf, printsItsResult, resultText, summary } from "../outcome.ts";
import { readParameters } from "../parameters.ts";
import { startProgress } from "../progress.ts";
import { ask } from "../prompt.ts";
import { notFound } from "../resource.ts";
import { ACTION } from "./kinds.ts";

export interface RunOptions {
  readonly async?: boolean;
  readonly tail?: boolean;
  readonly traceTag?: string;
  readonly delay?: number;
  readonly where?: Readonly<Record<string, string>>;
  readonly priority?: number;
  readonly user?: string;
  readonly autoDict?: boolean;
  readonly inheritEnv?: boolean;
  readonly key?: string;
}

/** What of the caller's environment is its own business, as StackStorm's client leaves out. */
const OWN_ENVIRONMENT = new Set(
  "PWD MAIL USER LOGNAME PATH HOME SHELL LANG LC_ALL TERM SHLVL LS_COLORS OLDPWD SSH_TTY SSH_CONNECTION SSH_CLIENT _".split(
    " ",
  ),
);
const OWN_PREFIX = /^(?:SQUALL|ST2)_/;

/** Asks for an execution of `ref` with the words given as parameters. */
export async function requestRun(
  context: Context,
  ref: string,
  words: readonly string[],
  options: RunOptions,
): Promise<ApiExecution> {
  const client = await context.client();
  const action = await overview(client, ref);
  const parameters = await readParameters(
    words,
    { action: action.ref, runner: action.runner_type, schemas: action.parameters, autoDict: options.autoDict === true },
    { readFile: readText, ask },
  );
  if (options.inheritEnv) {
    parameters.env = { ...callersEnvironment(context.env), ...(parameters.env as Record<string, unknown> | undefined) };
  }
  return await client.executions.create({
    action: action.ref,
    parameters,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.delay === undefined ? {} : { delay: options.delay }),
    ...(options.where === undefined ? {} : { where: options.where }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
    ...(options.traceTag === undefined ? {} : { context: { trace_context: { trace_tag: options.traceTag } } }),
  });
}

async function overview(client: Client, ref: string): Promise<ApiActionOverview> {
  try {
    return await client.actionOverview(ref);
  } catch (thrown) {
    if (thrown instanceof ClientError && thrown.kind === "not-found") throw await notFound(client.actions, ACTION, ref);
    throw thrown;
  }
}

/** Says what was asked for, or waits for its end and shows it; sets the exit status. */
export async function showRun(context: Context, execution: ApiExecution, options: RunOptions): Promise<void> {
  if (options.async) {
    const { id } = execution;
    const text = `${execution.action.ref} ${execution.status}: ${id}\n  squall execution get ${id}     how it goes\n  squall execution tail ${id}    what it prints`;
    return await context.out.say(execution, text);
  }
  const done = await waitFor(context, execution, options);
  if (!done) {
    context.exitStatus = EXIT.interrupted;
    return;
  }
  context.exitStatus = exitStatusOf(done.execution);
  if (options.tail) return;
  if (options.key !== undefined) return context.out.write(`${partOf(done.execution.result, options.key)}\n`);
  if (context.out.format !== "table") return await context.out.one(done.execution);
  if (done.execution.status === "pending" || done.execution.status === "paused") {
    return await sayWhatToDo(context, done.execution);
  }
  context.out.write(await resultText(done.execution, done.shown));
  const failed = context.exitStatus !== 0;
  if (failed) {
    const why = failureText(done.execution);
    if (why !== "") context.out.note(why);
  }
  // Programs that call us hear of success by our silence.
  if (failed || context.out.isTerminal.stderr)
    process.stderr.write(`${summary(done.execution, context.out.stderrColors)}\n`);
}

/** Of what waits for a person: how it goes on. */
async function sayWhatToDo(context: Context, execution: ApiExecution): Promise<void> {
  const { id, status } = execution;
  let questions = [id];
  if (status === "paused") {
    const query = { include_attributes: "id,status" };
    const { items } = await (await context.client()).executions.children(id, query);
    questions = items.filter((one) => one.status === "pending").map((one) => one.id);
  }
  const lines = questions.map((one) => `  squall inquiry respond ${one}    answers it`);
  if (lines.length === 0) lines.push(`  squall execution resume ${id}    lets it go on`);
  process.stderr.write(`${[summary(execution, context.out.stderrColors), ...lines].join("\n")}\n`);
}

/** Waits with live output. Undefined when the person left before the end. */
export async function waitFor(
  context: Context,
  execution: ApiExecution,
  options: Pick<RunOptions, "tail" | "key">,
): Promise<{ execution: ApiExecution; shown: { stdout: boolean } } | undefined> {
  const client = await context.client();
  const { out } = context;
  const { id } = execution;
  const shown = { stdout: false };
  const live = options.tail === true || (out.format === "table" && options.key === undefined);
  // Only what the action is for goes to stdout: what a Python action prints on its way is not its result.
  const stdoutIsResult = options.tail === true || printsItsResult(execution);
  const leaving = new AbortController();
  const ref = execution.action.ref;
  using progress = startProgress(out.isTerminal.stderr, `${ref} ${execution.status}`);
  const onInterrupt = interruptible(id, leaving, (text) => progress.write(process.stderr, text));
  process.on("SIGINT", onInterrupt);
  try {
    if (isResting(execution.status) && !live) return { execution, shown };
    const done = await follow(client, id, {
      signal: leaving.signal,
      ...(live
        ? {
            onOutput(type, text): void {
              if (type === "stdout") shown.stdout = true;
              progress.write(type === "stdout" && stdoutIsResult ? process.stdout : process.stderr, text);
            },
          }
        : {}),
      onState: (state) => progress.say(`${ref} ${state.status}`),
      onNote: (text) => progress.write(process.stderr, `squall: ${text}\n`),
    });
    return done && { execution: done, shown };
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

/** The first Ctrl-C tells what there is to choose from, the second leaves; the execution goes on in both cases. */
function interruptible(id: string, leaving: AbortController, write: (text: string) => void): () => void {
  let asked = false;
  return () => {
    if (asked) return leaving.abort();
    asked = true;
    write(
      `\nStill waiting for ${id}, which runs on the server.\n  Ctrl-C again leaves it running;  squall execution cancel ${id}  ends it.\n`,
    );
  };
}

function callersEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !OWN_ENVIRONMENT.has(name) && !OWN_PREFIX.test(name)),
  );
}
