import { type Execution, type ExecutionStatus, FAILED_STATUSES, isCompleted, type JsonObject } from "@squall/model";
import type { Change } from "@squall/store";
import type { Core } from "../core.ts";
import { afterCompletion } from "../events/completion.ts";
import type { Draft } from "../executions/draft.ts";
import { CHAIN_RUNNER, chainResult, isChainState } from "./chains.ts";
import type { Live } from "./live.ts";
import type { Taken } from "./take-step.ts";

/** The move of a workflow's own execution, and what follows from it. */
export interface OwnMove {
  readonly execution: Execution;
  readonly changes: readonly Change[];
  readonly drafts: readonly Draft[];
}

/** What a step means to the workflow's own execution; undefined when it stays as it is. */
export async function moveAfter(
  core: Core,
  live: Live,
  taken: Taken,
  context: JsonObject,
  /** Executions that end with this step, by id. */
  ends: ReadonlyMap<string, Execution> = new Map(),
): Promise<OwnMove | undefined> {
  const { execution } = live;
  if (isCompleted(execution.status)) return undefined;
  const timedOut = taken.stored.events.some((event) => event.kind === "fail" && event.timedOut === true);
  // Cast: what a running workflow can be, executions can be.
  const status = (taken.status === "failed" && timedOut ? "timeout" : taken.status) as ExecutionStatus;
  if (status === execution.status) return undefined;
  if (!isCompleted(status)) return ownMove(core, live, status, undefined, context);
  const { resultBytes } = core.parts.limits;
  if (isChainState(live.state)) {
    const whole = await chainResult(core, { ...live, state: live.state }, ends);
    if (Buffer.byteLength(JSON.stringify(whole)) <= resultBytes) return ownMove(core, live, status, whole, context);
    const error = `the results of the chain's tasks have more than the ${resultBytes} bytes that are kept together; each is in its own execution`;
    return ownMove(
      core,
      live,
      status === "succeeded" ? "failed" : status,
      { tasks: [], error, traceback: "" },
      context,
    );
  }
  const { status: to, result } = resultOf(status, taken, resultBytes);
  return ownMove(core, live, to, result, context);
}

/** The end of a workflow that could not be set up. */
export const failedMove = (
  core: Core,
  about: Pick<Live, "execution"> & Partial<Pick<Live, "snapshot">>,
  errors: readonly object[],
): Promise<OwnMove> => {
  const messages = errors.map((one) => ("message" in one ? String(one.message) : JSON.stringify(one)));
  const result: JsonObject =
    about.execution.runner === CHAIN_RUNNER
      ? { tasks: [], error: messages.join("\n"), traceback: "" }
      : { errors, output: null };
  return ownMove(core, about, "failed", result, {});
};

async function ownMove(
  core: Core,
  { execution, snapshot }: Pick<Live, "execution"> & Partial<Pick<Live, "snapshot">>,
  to: ExecutionStatus,
  result: JsonObject | undefined,
  context: JsonObject,
): Promise<OwnMove> {
  const at = core.parts.now();
  const ending = result === undefined ? {} : { end: at, result };
  const next: Execution = {
    ...execution,
    status: to,
    context: { ...execution.context, ...context },
    log: [...execution.log, { status: to, timestamp: at }],
    ...ending,
  };
  const follows = result && snapshot ? await afterCompletion(core, next, snapshot) : { changes: [], drafts: [] };
  const move: Change = {
    kind: "execution.move",
    project: execution.project,
    id: execution.id,
    from: [execution.status],
    to,
    at,
    ...(Object.keys(context).length > 0 && { context }),
    ...ending,
  };
  return { execution: next, changes: [move, ...follows.changes], drafts: follows.drafts };
}

/** `{output, errors?}` (stackstorm-model 17.1); what is too large to keep fails the workflow and says so. */
function resultOf(
  status: ExecutionStatus,
  { output, errors }: Taken,
  mostBytes: number,
): { readonly status: ExecutionStatus; readonly result: JsonObject } {
  const failed = FAILED_STATUSES.includes(status);
  const fits = (result: JsonObject) => Buffer.byteLength(JSON.stringify(result)) <= mostBytes;
  const whole: JsonObject = failed ? { output, errors } : { output };
  if (fits(whole)) return { status, result: whole };
  const told = errors.map(({ result: _large, ...error }) => error);
  if (failed && fits({ output, errors: told })) return { status, result: { output, errors: told } };
  const message = `the output has more than the ${mostBytes} bytes that are kept; give out less, or where it is`;
  const result = { output: null, errors: [{ type: "error", message }, ...(failed ? told.slice(0, 100) : [])] };
  return { status: status === "succeeded" ? "failed" : status, result };
}
