import { type ApiExecution, ClientError } from "@squall/client";
import type { Command } from "commander";
import { does, examples, wholeNumber } from "../command.ts";
import { UsageError } from "../failure.ts";
import { isCompleted } from "../follow.ts";
import { partOf } from "../outcome.ts";
import type { Context } from "../context.ts";
import type { Column } from "../output/output.ts";
import { formatSeconds, formatTime } from "../output/time.ts";
import { noteMore, textAt } from "../resource.ts";
import { taskTree } from "../output/task-tree.ts";
import { readParameters } from "../parameters.ts";
import { readText } from "../input-file.ts";
import { executionId } from "../last.ts";
import { ask } from "../prompt.ts";
import { whyWaiting } from "../why-waiting.ts";
import { addPauseAndResume } from "./execution-pause.ts";
import { type RunOptions, showRun, waitFor } from "./run-action.ts";

const LIST_COLUMNS = ["id", "action.ref", "context.user", "status", "start_timestamp", "end_timestamp"] as const;
const shownOf = (timeZone: string, execution: ApiExecution): readonly Column[] => [
  "id",
  "action.ref",
  "context.user",
  "parameters",
  ...["where", "priority"].filter((name) => execution[name] !== undefined),
  { name: "status", value: statusWithTime },
  "start_timestamp",
  "end_timestamp",
  { name: "log", value: (item) => logOf(item.log, timeZone) },
  "result",
];
const USUAL_LAST = 50;

export function define(group: Command): void {
  addList(group);
  addGet(group);
  addTail(group);
  addCancel(group);
  addPauseAndResume(group);
  addRerun(group);
}

interface ListOptions {
  readonly last?: number;
  readonly sort?: string;
  readonly action?: string;
  readonly status?: string;
  readonly user?: string;
  readonly rule?: string;
  readonly trigger_instance?: string;
  readonly timestampGt?: string;
  readonly timestampLt?: string;
  readonly showall?: boolean;
  readonly attr?: string;
}

function addList(group: Command): void {
  const command = group
    .command("list")
    .description("list executions, the newest last")
    .option("-n, --last <n>", `show at most this many of the newest (default ${USUAL_LAST})`, wholeNumber("N", 1))
    .option("-s, --sort <order>", "which end to take them from: descending (the newest) or ascending")
    .option("--action <action-ref>", "of this action")
    .option("--status <status>", "in this status")
    .option("--user <user>", "run as this user")
    .option("--rule <rule-ref>", "asked for by this rule")
    .option("--trigger_instance <id>", "caused by this event")
    .option("--timestamp-gt <time>", "started after, for example 2026-11-22T09:00:00Z")
    .option("--timestamp-lt <time>", "started before")
    .option("-l, --showall", "those inside workflows too")
    .option("-a, --attr <columns>", "columns to show, comma-separated");
  examples(command, "squall execution list --status failed -n 10", "squall execution list --action core.local --json");
  does<ListOptions>(command, async ({ context, options }) => {
    const client = await context.client();
    const columns = options.attr?.split(",") ?? LIST_COLUMNS;
    const ascending = options.sort !== undefined && /^asc/i.test(options.sort);
    const { items, total } = await client.executions.list({
      limit: options.last ?? USUAL_LAST,
      ...(ascending ? { sort_asc: "True" } : { sort_desc: "True" }),
      parent: options.showall ? undefined : "null",
      action: options.action,
      status: options.status,
      user: options.user,
      rule: options.rule,
      trigger_instance: options.trigger_instance,
      timestamp_gt: options.timestampGt,
      timestamp_lt: options.timestampLt,
      // Programs get whole objects; tables need not move results of megabytes.
      include_attributes: context.out.format === "table" ? columns.join(",") : undefined,
    });
    const oldestFirst = ascending ? items : items.toReversed();
    await context.out.list(
      context.out.format === "table" ? oldestFirst : items,
      columns,
      "no executions: `squall run core.local date` makes one",
    );
    noteMore(context, items.length, total, "executions");
  });
}

function addGet(group: Command): void {
  const command = group
    .command("get")
    .description("show executions with their results (`last` is the newest)")
    .argument("<execution-id...>")
    .option("-x, --exclude-result", "without the result")
    .option("-k, --key <path>", "print this part of the result only, for example stdout")
    .option("-a, --attr <columns>", "fields to show, comma-separated");
  examples(command, "squall execution get last", "squall execution get last -k stdout");
  does<{ excludeResult?: boolean; key?: string; attr?: string }>(command, async ({ context, words, options }) => {
    const client = await context.client();
    const query = options.excludeResult ? { exclude_attributes: "result" } : undefined;
    const executions = await Promise.all(
      words.map(async (word) => client.executions.get(await executionId(client, word), query)),
    );
    if (options.key !== undefined) {
      for (const { result } of executions) context.out.write(`${partOf(result, options.key)}\n`);
      return;
    }
    if (context.out.format !== "table" && executions.length > 1) return await context.out.list(executions, [], "");
    for (const [at, execution] of executions.entries()) {
      if (at > 0) context.out.write("\n");
      await context.out.one(execution, options.attr?.split(",") ?? shownOf(context.out.timeZone, execution));
      if (context.out.format !== "table" || options.attr !== undefined) continue;
      const why = await whyWaiting(client, execution);
      if (why !== undefined) context.out.write(`\n${why}\n`);
      await showTasks(context, execution);
    }
  });
}

const isWorkflow = (execution: ApiExecution): boolean => typeof execution.workflow_execution === "string";

/** The tasks of a workflow, below the fields. */
async function showTasks(context: Context, execution: ApiExecution): Promise<void> {
  if (!isWorkflow(execution)) return;
  const { out } = context;
  const tree = await (await context.client()).executions.tasks(execution.id).catch((thrown: unknown) => {
    // A server of StackStorm's knows no such thing.
    if (thrown instanceof ClientError && thrown.kind === "not-found") return undefined;
    throw thrown;
  });
  if (tree === undefined || tree.tasks.length === 0) return;
  const { isTerminal, colors, timeZone } = out;
  const width = isTerminal.stdout ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
  out.write(`${colors.bold("tasks:")}\n${taskTree(tree, { colors, timeZone, width, now: Date.now() })}`);
}

function addTail(group: Command): void {
  const command = group
    .command("tail")
    .description("print what an execution has printed and prints, to its end (default: the newest)")
    .argument("[execution-id]");
  examples(command, "squall execution tail 6921f0c2a1b2c3d4e5f60718");
  does(command, async ({ context, words: [id = "last"] }) => {
    const client = await context.client();
    const execution = await client.executions.get(await executionId(client, id), { exclude_attributes: "result" });
    if (isWorkflow(execution)) {
      context.out.note(
        `${execution.action.ref} is a workflow: what its tasks print is theirs; \`squall execution get ${execution.id}\` names them`,
      );
    }
    const done = await waitFor(context, execution, { tail: true });
    if (!done) return;
    const { status } = done.execution;
    if (context.out.isTerminal.stderr || !isCompleted(status))
      context.out.note(`${done.execution.action.ref} ${status}`);
  });
}

function addCancel(group: Command): void {
  const command = group
    .command("cancel")
    .description("end executions, with all they started")
    .argument("<execution-id...>");
  examples(command, "squall execution cancel 6921f0c2a1b2c3d4e5f60718");
  does(command, async ({ context, words }) => {
    const client = await context.client();
    for (const id of words) {
      try {
        const execution = await client.executions.cancel(await executionId(client, id));
        await context.out.say(execution, `${execution.action.ref} ${execution.status}: ${execution.id}`);
      } catch (thrown) {
        if (!(thrown instanceof ClientError) || words.length === 1) throw thrown;
        context.exitStatus = context.out.fail(thrown); // the others are canceled all the same
      }
    }
  });
}

function addRerun(group: Command): void {
  const command = group
    .command("re-run")
    .description("run again, with the same parameters but for those given")
    .argument("<execution-id>")
    .argument("[parameters...]", "name=value")
    .option("-a, --async", "do not wait: print the new execution's id")
    .option("--tail", "print what it prints, and nothing else")
    .option("--delay <ms>", "start it no sooner than in this many milliseconds", wholeNumber("MS", 0))
    .option("-u, --user <user>", "run it as this user (administrators)")
    .option("-k, --key <path>", "print this part of the result only")
    .option("--tasks <tasks...>", "of a workflow that has ended: go on from these tasks, with the variables there were")
    .option("--no-reset <tasks...>", "of these tasks, run only the items that failed, not all of them");
  examples(
    command,
    "squall execution re-run last",
    "squall execution re-run 6921f0c2a1b2c3d4e5f60718 timeout=120",
    "squall execution re-run last --tasks deploy --no-reset deploy",
  );
  does<RunOptions & { tasks?: readonly string[]; reset: true | readonly string[] }>(
    command,
    async ({ context, words: [id = "", ...rest], options }) => {
      const client = await context.client();
      const before = await client.executions.get(await executionId(client, id), { include_attributes: "id,action" });
      let parameters: Record<string, unknown> = {};
      if (rest.length > 0) {
        const action = await client.actionOverview(before.action.ref);
        const request = { action: action.ref, runner: action.runner_type, schemas: action.parameters };
        parameters = await readParameters(rest, request, { readFile: readText, ask });
      }
      const tasks = namesIn(options.tasks ?? []);
      // Commander takes `--no-reset` for the opposite of `--reset`, which is then true when nothing was said.
      const kept = options.reset === true ? [] : namesIn(options.reset);
      const stray = kept.find((name) => !tasks.includes(name));
      if (stray !== undefined)
        throw new UsageError(
          `--no-reset names '${stray}', which is not among --tasks`,
          `add it: --tasks ${[...tasks, stray].join(" ")}`,
        );
      const execution = await client.executions.rerun(before.id, {
        parameters,
        ...(tasks.length > 0 && { tasks, reset: tasks.filter((name) => !kept.includes(name)) }),
        ...(options.delay === undefined ? {} : { delay: options.delay }),
        ...(options.user === undefined ? {} : { user: options.user }),
      });
      await showRun(context, execution, options);
    },
  );
}

/** Names as words of their own, or with commas between. */
const namesIn = (words: readonly string[]): string[] => words.flatMap((word) => word.split(",").filter(Boolean));

function statusWithTime(item: Readonly<Record<string, unknown>>): string {
  const status = textAt(item, "status");
  const seconds =
    typeof item.elapsed_seconds === "number"
      ? item.elapsed_seconds
      : (Date.now() - Date.parse(textAt(item, "start_timestamp"))) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? `${status} (${formatSeconds(seconds)} elapsed)` : status;
}

function logOf(log: unknown, timeZone: string): unknown {
  if (!Array.isArray(log)) return log;
  return (log as { status: string; timestamp: string }[]).map(
    ({ status, timestamp }) => `${formatTime(timestamp, timeZone)} ${status}`,
  );
}
