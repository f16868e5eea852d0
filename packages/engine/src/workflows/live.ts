import { type Execution, Invalid, messageOf, type Snapshot } from "@squall/model";
import type { ChainState, OrquestaState } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Compiled } from "./definitions.ts";
import { HISTORY_VERSION, type StoredStep } from "./history.ts";
import { takeStep } from "./take-step.ts";
import { createTracker, type SavedTracker, type Tracker } from "./tracker.ts";

/** A workflow in memory: as far as its steps have come. */
export interface Live {
  readonly snapshot: Snapshot;
  readonly compiled: Compiled;
  /** The workflow's own execution, with the status it has in the store. */
  execution: Execution;
  seq: number;
  /** Events since the state was last kept, and in all. */
  sinceSaved: number;
  events: number;
  state: OrquestaState | ChainState | undefined;
  tracker: Tracker;
}
/** What `workflow.save` keeps. */
interface Saved {
  readonly version?: number;
  readonly state: OrquestaState | ChainState;
  readonly tracker: SavedTracker;
  readonly events: number;
}

/** The state as text for the store; sealed, since variables may hold what parameters keep secret. */
export function sealState(core: Core, live: Live, mostBytes: number): string | undefined {
  if (live.state === undefined) return undefined;
  const saved: Saved = {
    version: HISTORY_VERSION,
    state: live.state,
    tracker: live.tracker.save(),
    events: live.events,
  };
  const text = JSON.stringify(saved);
  return text.length > mostBytes ? undefined : core.parts.vault.seal(text, "workflow");
}

/**
 * Reads a workflow back from the store: the newest state kept, and the steps after it.
 * @throws Invalid when it cannot be: its definition is missing, or what the steps name is gone
 */
export async function readBack(core: Core, project: string, id: string): Promise<Live> {
  const { store, vault } = core.parts;
  // The history first: where another engine takes a step meanwhile, the execution is newer than the history, and the next
  // append is refused (W1). The other way round the execution's status would be that of an older step, and stay so.
  const read = async (whole: boolean) => ({
    history: await store.workflow(project, id, whole),
    execution: await store.execution(project, id),
  });
  let { history, execution } = await read(false);
  if (!execution) throw new Invalid("workflow.gone", { message: `ActionExecution with id "${id}" not found.` });
  const snapshot = (await core.snapshots.load(project, [execution.snapshot])).get(execution.snapshot);
  if (snapshot?.definition === undefined) {
    const why = core.definitions.whyNot(
      project,
      snapshot?.action ?? ({ ref: execution.action, pack: "", entry_point: "" } as Snapshot["action"]),
    );
    throw new Invalid("workflow.definition.missing", {
      message:
        why ??
        `The definition of workflow "${execution.action}" could not be read when it was asked to run; run it again`,
    });
  }
  const compiled = core.definitions.compile(snapshot.definition, execution.runner);
  // Cast: nothing but `sealState` seals for this purpose, beside inputs.
  let kept = history.saved && (JSON.parse(vault.open(history.saved.state, "workflow")) as Saved);
  if (kept && (kept.version ?? 1) !== HISTORY_VERSION) {
    // The state of another version: the steps say what happened, in a form that changes seldom.
    kept = undefined;
    const again = await read(true);
    history = again.history;
    execution = again.execution ?? execution;
  }
  const { saved, steps } = history;
  const live: Live = {
    snapshot,
    compiled,
    execution,
    seq: saved?.seq ?? 0,
    sinceSaved: 0,
    events: kept?.events ?? 0,
    state: kept?.state,
    tracker: createTracker(kept?.tracker),
  };
  for (const { seq, step } of steps) {
    // Cast: steps are written by `takeStep` alone.
    const stored = step as unknown as StoredStep;
    let next = 0;
    const version = stored.version ?? 1;
    if (version > HISTORY_VERSION) {
      throw new Invalid("workflow.newer", {
        message: `step ${seq} of the workflow of execution ${id} was taken by a newer version (${version}; this one knows ${HISTORY_VERSION}): start that one again, or run the workflow anew`,
      });
    }
    try {
      await takeStep(core, live, stored.events, {
        at: stored.at,
        seed: stored.seed,
        endedOf: () => undefined,
        key: (request) =>
          Promise.resolve(stored.keys?.[`${request.scope}\0${request.user ?? ""}\0${request.name}`] ?? null),
        begin: () => {
          const id = stored.began?.[next++] ?? null;
          return Promise.resolve(id === null ? null : { id });
        },
        liveOf: (other) => readBack(core, project, other),
        tells: false,
      });
      // Another version may decide otherwise: better to stop than to go on with other tasks than those that ran.
      const began = stored.began?.length ?? 0;
      if (next !== began) throw new Error(`it began ${began} executions, and would begin ${next} now`);
    } catch (cause) {
      throw new Invalid("workflow.history", {
        message: `step ${seq} of the workflow of execution ${id} cannot be read back: ${messageOf(cause)}`,
        cause,
      });
    }
    live.seq = seq;
  }
  return live;
}
