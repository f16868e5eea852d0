import type { ApiExecution } from "@squall/client";
import type { ExecutionStatus } from "@squall/model";
import { Failure } from "./failure.ts";
import type { Output } from "./output/output.ts";
import { toYaml } from "./output/fields.ts";
import { formatSeconds } from "./output/time.ts";

/**
 * The exit status of `run` and its like: 0 succeeded, 124 timed out (as `timeout(1)` has it), the action's own where it
 * failed with one from 1 to 125 (above that shells have meanings of their own), otherwise 1.
 */
export function exitStatusOf({ status, result }: ApiExecution): number {
  if (status === "succeeded") return 0;
  if (status === "timeout") return 124;
  const code = result?.return_code ?? result?.exit_code;
  return status === "failed" && typeof code === "number" && code >= 1 && code <= 125 ? code : 1;
}

/** Runners whose stdout is what the user asked for. */
export function printsItsResult(execution: ApiExecution): boolean {
  return /^(?:local|remote)-shell-/.test(execution.action.runner_type ?? "");
}

/** What a finished execution gave, on stdout; for shell actions only what has not been shown while it ran. */
export async function resultText(execution: ApiExecution, shown: { readonly stdout: boolean }): Promise<string> {
  const { result = {} } = execution;
  if (printsItsResult(execution)) {
    return shown.stdout || !("stdout" in result) ? "" : withNewline(textOf(result.stdout));
  }
  const runner = execution.action.runner_type;
  if (runner === "python-script" && "result" in result) return await valueText(result.result);
  if (runner === "http-request" && "body" in result) return await valueText(result.body);
  const { error: _, message: __, traceback: ___, ...rest } = result;
  // What `failureText` says on stderr need not be said twice.
  const told = execution.status === "succeeded" ? result : rest;
  return Object.keys(told).length === 0 ? "" : await toYaml(told);
}

/** The part of a result at a dotted path, as text. Throws Failure when there is none. */
export function partOf(result: unknown, path: string): string {
  let value = result;
  for (const part of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  if (value === undefined) throw new Failure(`the result has no '${path}'`, "leave -k away to see all of it");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** One line on how it ended. */
export function summary(execution: ApiExecution, colors: Output["colors"]): string {
  const { status, id } = execution;
  const seconds = execution.elapsed_seconds;
  const after = seconds === undefined ? "" : ` after ${formatSeconds(seconds)}`;
  const code = execution.result?.return_code ?? execution.result?.exit_code ?? undefined;
  const why = status === "failed" && typeof code === "number" ? ` (exit status ${code})` : "";
  const text = `${execution.action.ref} ${words(status)}${why}${after}`;
  const mark =
    status === "succeeded" ? colors.green("✓") : status === "paused" || status === "pending" ? "…" : colors.red("✗");
  return `${mark} ${text}  ${colors.dim(id)}`;
}

/** The error text of a failed execution, where its result has one. */
export function failureText(execution: ApiExecution): string {
  const { error, traceback, message, errors } = execution.result ?? {};
  const told = [error, message, traceback].filter((part) => typeof part === "string" && part !== "");
  if (typeof execution.workflow_execution !== "string" || !Array.isArray(errors)) return told.join("\n");
  const tasks = (errors as unknown[]).slice(0, MOST_ERRORS).map(workflowError);
  const more = errors.length > MOST_ERRORS ? [`… and ${errors.length - MOST_ERRORS} more`] : [];
  return [...told, ...tasks, ...more, `\`squall execution get ${execution.id}\` shows its tasks`].join("\n");
}

const MOST_ERRORS = 20;

function workflowError(error: unknown): string {
  const { task_id, message, line } = (typeof error === "object" && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  const where = typeof task_id === "string" ? `task ${task_id}: ` : typeof line === "number" ? `line ${line}: ` : "";
  return `${where}${typeof message === "string" ? message : JSON.stringify(error)}`;
}

function words(status: ExecutionStatus): string {
  switch (status) {
    case "timeout":
      return "timed out";
    case "canceled":
    case "abandoned":
      return `was ${status}`;
    case "pending":
      return "waits for an answer";
    case "paused":
      return "is paused";
    case "succeeded":
    case "failed":
      return status;
    case "requested":
    case "scheduled":
    case "delayed":
    case "running":
    case "canceling":
    case "pausing":
    case "resuming":
      return `is ${status}`;
    default:
      return status satisfies never;
  }
}

async function valueText(value: unknown): Promise<string> {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? withNewline(value) : await toYaml(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function withNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
