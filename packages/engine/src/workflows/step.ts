import { Conflict, type Execution, isCompleted, type JsonObject, messageOf, SquallError } from "@squall/model";
import type { Change, Committed } from "@squall/store";
import type { Core } from "../core.ts";
import type { Dispatch } from "../executions/dispatch.ts";
import type { Draft } from "../executions/draft.ts";
import type { Actor, Input } from "./actors.ts";
import { draftTask, type TimerCommand } from "./children.ts";
import type { StoredEvent, StoredKey } from "./history.ts";
import { type Live, readBack, sealState } from "./live.ts";
import { moveAfter } from "./own-move.ts";
import { isBeginning, type Taken, takeStep, type World } from "./take-step.ts";

/** Where a step leads outwards: to the workflow that this one is a task of, and to what runs of it. */
export interface Outward {
  commitEnd(ended: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
  commitMove(moved: Execution, drafts: readonly Draft[], changes: readonly Change[]): Promise<Committed>;
  /** The workflow's own execution has moved, durably. */
  moved(execution: Execution): void;
  cascade(live: Live, ask: "pause" | "resume" | "cancel"): void;
  /** Limits of tasks that begin or are done with; executions that are to be ended. */
  timers(execution: Execution, timers: readonly TimerCommand[]): void;
  stop(execution: Execution, executions: readonly string[]): void;
  failSetup(execution: Execution, errors: readonly object[]): Promise<void>;
}

/** The state is kept when this many events have come since, or a quarter of all, so that keeping costs little. */
const SAVE_EVENTS = 200;
/** A larger state is not kept: then all steps are read back. */
const SAVE_BYTES = 1 << 20;
const ATTEMPTS = 20;

/** Takes up a batch of what was told to a workflow: decides, and commits all of it as one (W2). */
export function createStep(
  core: Core,
  dispatch: Dispatch,
  outward: Outward,
): (actor: Actor, batch: Input[]) => Promise<void> {
  const { parts } = core;

  const step = async (actor: Actor, batch: Input[]): Promise<void> => {
    let live: Live;
    try {
      if (actor.live && !core.cluster.alone && batch.some((input) => isStranger(actor.live, input))) actor.forget();
      live = actor.live ?? (await readBack(core, actor.project, actor.id));
    } catch (error) {
      return withoutWorkflow(actor, batch, error);
    }
    actor.live = live;
    const events: StoredEvent[] = [];
    const ends = new Map<StoredEvent, Execution>();
    const drafts: Draft[] = [];
    for (const { event, ended: over } of batch) {
      if (event === undefined) continue;
      // Told and found by the engine itself, it may be asked to begin twice at once: it begins once.
      if (isBeginning(event) && (live.seq > 0 || events.some(isBeginning))) {
        // Canceled while it was about to begin: what was made ready for it is put away again.
        if (isCompleted(live.execution.status)) outward.moved(live.execution);
        continue;
      }
      if (isStranger(live, { event })) continue;
      events.push(event);
      if (!over?.result) continue;
      ends.set(event, over);
      actor.hold(over.result);
    }
    let list: Change[] = [];
    let ranges: number[] = [];
    let ended: Execution | undefined;
    let moved: Execution | undefined;
    let taken: Taken | undefined;
    try {
      if (events.length > 0) taken = await takeStep(core, live, events, worldOf(live, ends, drafts));
      const controls = batch.filter(
        (input) => input.event !== undefined && taken?.refused.has(input.event) && isControl(input.event),
      );
      if (controls.length > 0) {
        for (const input of controls) input.reject(taken?.refused.get(input.event as StoredEvent));
        batch = batch.filter((input) => !controls.includes(input));
      }
      ({ list, ranges } = ownChanges(batch));
      if (taken && taken.stored.events.length > 0) {
        list.push({
          kind: "workflow.append",
          project: live.execution.project,
          execution: live.execution.id,
          seq: live.seq + 1,
          // Cast: plain data, made of the events that are JSON themselves.
          step: taken.stored as unknown as JsonObject,
        });
        if (live.sinceSaved >= Math.max(SAVE_EVENTS, live.events / 4)) keepState(live, list);
        for (const draft of drafts) list.push(...draft.changes);
        const context = Object.assign({}, ...batch.map((input) => input.context ?? {})) as JsonObject;
        const rows = new Map([...ends.values()].map((one) => [one.id, one]));
        const move = await moveAfter(core, live, taken, context, rows);
        if (move) {
          moved = move.execution;
          if (isCompleted(moved.status)) ended = moved;
          list.push(...move.changes);
          drafts.push(...move.drafts);
        }
      }
      if (list.length === 0) {
        for (const input of batch) input.resolve({ ok: true });
        return;
      }
    } catch (error) {
      actor.forget();
      dispatch.refuse([...batch.flatMap((input) => input.drafts), ...drafts]);
      throw error;
    }
    const all = [...batch.flatMap((input) => input.drafts), ...drafts];
    let committed: Committed;
    if (ended) committed = await outward.commitEnd(ended, all, list);
    else if (moved && tellsParent(moved.status)) committed = await outward.commitMove(moved, all, list);
    else committed = await dispatch.commit(all, list);
    if (!committed.ok) {
      actor.forget(); // W5
      return refused(actor, batch, committed, ranges);
    }
    if (taken && taken.stored.events.length > 0) live.seq++;
    if (moved) {
      live.execution = moved;
      outward.moved(moved);
    }
    for (const input of batch) input.resolve(committed);
    for (const ask of new Set(taken?.asks)) outward.cascade(live, ask);
    if (!taken) return;
    outward.timers(live.execution, taken.timers);
    if (taken.stops.length > 0) outward.stop(live.execution, taken.stops);
  };

  /** Which input the refused change belongs to: it alone is told, the others are decided again. */
  const refused = (
    actor: Actor,
    batch: readonly Input[],
    committed: Extract<Committed, { ok: false }>,
    ranges: readonly number[],
  ) => {
    const again: Input[] = [];
    batch.forEach((input, at) => {
      const from = ranges[at] ?? 0;
      const isGuilty = committed.index >= from && committed.index < from + input.changes.length;
      if (isGuilty) input.resolve({ ...committed, index: committed.index - from });
      // Its drafts gave their slots back: whoever made them makes them anew.
      else if (input.drafts.length > 0) input.resolve({ ...committed, index: -1 });
      else if (input.attempts++ < ATTEMPTS) again.push(input);
      else
        input.reject(
          new Conflict("workflow.contended", {
            message: `the workflow of execution ${actor.id} could not be advanced: ${committed.message}`,
          }),
        );
    });
    actor.queue = [...again, ...actor.queue];
  };

  const worldOf = (live: Live, ends: ReadonlyMap<StoredEvent, Execution>, drafts: Draft[]): World => {
    const now = parts.now();
    const plan = core.plans(live.snapshot.action, live.snapshot.runner);
    const isChain = live.compiled.language === "action-chain";
    const which = isChain ? "skip_notify" : "notify";
    const notifying = live.execution.parameters[which] ?? plan.defaults[which];
    return {
      at: Math.floor(now / 1000),
      seed: Math.floor(Math.random() * 2 ** 32),
      endedOf: (event) => ends.get(event),
      key: async ({ scope, user = "", name }) => {
        const { project } = live.execution;
        const found = await parts.store.key(project, `st2kv.${scope}`, scope === "user" ? user : "", name, now);
        return ((found && { value: found.value, secret: found.secret }) satisfies StoredKey | undefined) ?? null;
      },
      begin: async (command, run) => {
        try {
          const draft = await draftTask(core, live.execution, live.compiled, command, run, notifying);
          drafts.push(draft);
          return { id: draft.execution.id };
        } catch (thrown) {
          if (isTransient(thrown)) throw thrown;
          if (!isChain) return { failed: { error: messageOf(thrown) } };
          const error = `Failed running task "${command.task}". ${messageOf(thrown)}`;
          return {
            failed: { error, traceback: "", ...(thrown instanceof SquallError && { code: thrown.code }) },
          };
        }
      },
      liveOf: (other) => readBack(core, live.execution.project, other),
      tells: true,
    };
  };

  const keepState = (live: Live, list: Change[]) => {
    const state = sealState(core, live, SAVE_BYTES);
    live.sinceSaved = 0;
    if (state === undefined) return;
    const { project, id: execution } = live.execution;
    list.push({ kind: "workflow.save", project, execution, seq: live.seq + 1, state });
  };

  /** The workflow itself cannot be read: what ends still has to end, and the workflow fails and says why. */
  const withoutWorkflow = async (actor: Actor, batch: readonly Input[], error: unknown): Promise<void> => {
    // Whoever asked tries again.
    if (isTransient(error)) {
      dispatch.refuse(batch.flatMap((input) => input.drafts));
      throw error;
    }
    parts.log.error({ execution: actor.id, err: error }, "a workflow could not be read, so it fails");
    const execution = await parts.store.execution(actor.project, actor.id);
    if (execution && !isCompleted(execution.status))
      await outward.failSetup(execution, [{ type: "error", message: messageOf(error) }]);
    for (const input of batch) {
      if (input.event !== undefined && isControl(input.event)) input.reject(error);
      else if (input.changes.length === 0) input.resolve({ ok: true });
      else dispatch.commit(input.drafts, input.changes).then(input.resolve, input.reject);
    }
  };

  return step;
}

/**
 * The end of a task that is none of the workflow's, as far as is known: another engine may have begun it while the workflow
 * was that one's (W8). Nothing is appended for it, so that W1 would not say that what is in memory is old.
 */
const isStranger = (live: Live | undefined, { event }: Pick<Input, "event">): boolean =>
  event?.kind === "task" && live?.tracker.placeOf(event.execution ?? "") === undefined;

/** The store does not answer, or has too much to do, now. */
export const isTransient = (error: unknown): boolean =>
  error instanceof SquallError && (error.status >= 500 || error.status === 429);

const isControl = (event: StoredEvent): boolean => event.kind !== "task";

/** Statuses of a sub-workflow that its parent counts with, beside its end. */
const tellsParent = (status: string): boolean => status === "paused" || status === "running" || status === "resuming";

function ownChanges(batch: readonly Input[]): { list: Change[]; ranges: number[] } {
  const list: Change[] = [];
  const ranges = batch.map(({ changes }) => {
    const from = list.length;
    list.push(...changes);
    return from;
  });
  return { list, ranges };
}
