import {
  type Action,
  type Execution,
  Invalid,
  type JsonObject,
  type Labels,
  type Notify,
  type RunnerType,
  satisfies,
  type Snapshot,
  type StatusChange,
} from "@squall/model";
import { runnerName } from "@squall/packs";
import type { Change } from "@squall/store";
import type { Core } from "../core.ts";
import { sealParameters } from "../parameters/secrets.ts";
import { isWorkflow } from "../workflows/is-workflow.ts";
import type { Origin } from "./snapshots.ts";

/** All that a new execution is made from. */
export interface DraftInput {
  /** Made up unless given. */
  readonly id?: string;
  readonly project: string;
  readonly action: Action;
  readonly runner: RunnerType;
  /** Rendered, cast and validated. */
  readonly parameters: JsonObject;
  readonly context: JsonObject;
  readonly user: string;
  readonly parent?: string;
  readonly notify?: Notify;
  readonly callback?: JsonObject;
  readonly delayMs?: number;
  /** Absent: those of the action. */
  readonly where?: Labels | undefined;
  readonly priority?: number | undefined;
  readonly origin?: Origin & { readonly event: string };
  /** Of a workflow that is to run by an older definition than the one in its pack. */
  readonly definition?: string;
}

export interface Draft {
  readonly execution: Execution;
  readonly changes: readonly Change[];
  /** It holds a slot and is inserted as running: whoever commits it must start it. */
  readonly claimed: boolean;
  readonly snapshot: Snapshot;
  /** Digest of a snapshot that these changes keep. */
  readonly keeps?: string;
}

/** The runner type of an action; throws Invalid when it cannot run. */
export function runnerOf(core: Core, project: string, action: Action): RunnerType {
  const runner = core.shelves.get(project, "runner_type", runnerName(action.runner_type))?.body;
  if (!runner) {
    throw new Invalid("action.runner.unknown", {
      message: `RunnerType ${action.runner_type} is not found; action "${action.ref}" needs it. Run \`squall runner list\` for those there are.`,
    });
  }
  return runner;
}

/** Makes the record and its changes, and takes a slot for it when there is one. */
export function draftExecution(core: Core, input: DraftInput): Draft {
  const { parts } = core;
  const now = parts.now();
  const implementation = core.runners.get(input.runner.name);
  const lane = implementation?.lane ?? "inline";
  const workflow = isWorkflow(input.runner.name);
  const definition = workflow ? (input.definition ?? core.definitions.textOf(input.project, input.action)) : undefined;
  const archive = core.shelves.get(input.project, "pack", input.action.pack)?.body.archive;
  const { digest, snapshot } = core.snapshots.digest(input.action, input.runner, input.origin, definition, archive);
  const delayed = input.delayMs !== undefined && input.delayMs > 0;
  // A workflow takes no slot and has no lease: it only decides, and its tasks are executions of their own.
  const where = input.where ?? input.action.where;
  const priority = input.priority ?? input.action.priority ?? 0;
  const able = core.cluster.isSound && satisfies(parts.labels, where);
  const claimed = !delayed && !workflow && able && core.lanes.tryTake(lane);
  const running = claimed || (workflow && !delayed);
  const log: StatusChange[] = [{ status: "requested", timestamp: now }];
  if (running) log.push({ status: "scheduled", timestamp: now }, { status: "running", timestamp: now });
  else if (delayed) log.push({ status: "delayed", timestamp: now });
  const plan = core.plans(input.action, input.runner);
  const { origin } = input;
  const execution: Execution = {
    id: input.id ?? parts.newId(),
    project: input.project,
    liveaction: parts.newId(),
    status: running ? "running" : delayed ? "delayed" : "requested",
    action: input.action.ref,
    runner: input.runner.name,
    lane,
    snapshot: digest,
    parameters: sealParameters(input.parameters, plan.sealed, parts.vault),
    context: input.context,
    user: input.user,
    ...(input.parent === undefined ? {} : { parent: input.parent }),
    ...(origin && {
      rule: origin.rule.ref,
      trigger: origin.trigger.ref,
      trigger_type: origin.triggerType.ref,
      trigger_instance: origin.event,
    }),
    ...(input.notify && { notify: input.notify }),
    ...(input.callback && { callback: input.callback }),
    ...(delayed && { delay: input.delayMs }),
    ...(where && Object.keys(where).length > 0 && { where }),
    ...(priority !== 0 && { priority }),
    created: now,
    due: delayed ? now + input.delayMs * 1000 : now,
    start: now,
    log,
    ...(claimed && { lease: { worker: parts.worker } }),
  };
  const keep = core.snapshots.keep(input.project, digest, snapshot);
  return {
    execution,
    claimed,
    snapshot,
    changes: keep ? [keep, { kind: "execution.insert", execution }] : [{ kind: "execution.insert", execution }],
    ...(keep && { keeps: digest }),
  };
}
