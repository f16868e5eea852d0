import { type Execution, Invalid, isCompleted, isObject, type JsonObject, type Snapshot } from "@squall/model";
import type { WorkflowStatus } from "@squall/workflow";
import type { Core } from "../../core.ts";
import { maskResult } from "../../executions/view.ts";
import { maskParameters, openParameters } from "../../parameters/secrets.ts";
import type { StoredEvent, StoredStep } from "../history.ts";
import { CHAIN_RUNNER } from "../chains.ts";
import { isWorkflow } from "../is-workflow.ts";
import { contextOf, inputsOf } from "../settings.ts";
import { differences } from "./differences.ts";
import { hiderOf, secretsOf } from "./hide.ts";
import type { Mock } from "./mocks.ts";
import { type Expected, type Moment, MOST_ACTIONS, perform, type Rehearsal, type Request } from "./rehearse.ts";

/** A rehearsal made from a real run: what it was given, how each task ended, and what is to be expected of it. */
export interface Recording extends Required<Omit<Rehearsal, "moments">> {
  readonly recording: 1;
  readonly of: { readonly execution: string; readonly action: string; readonly status: string };
  readonly moments?: readonly Moment[];
  /** What a rehearsal cannot do as the run did. */
  readonly notes: readonly string[];
}

/** The JSON of a recording has at most this many bytes: with less than the default limit of a request's body it can be rehearsed. */
const MOST_BYTES = 4 << 20;
/** Executions of a workflow that each went on from the one before. */
const MOST_RERUNS = 50;
const DECRYPTS = /decrypt_kv|config_context/;
/** Rows of executions read at once. */
const ROWS = 500;

/** Everything told to a workflow, over all executions that went on from each other. */
interface Told {
  readonly ends: { readonly event: Extract<StoredEvent, { kind: "task" }>; readonly result?: JsonObject }[];
  readonly requests: Request[];
  readonly moments: Moment[];
  readonly keys: Map<string, { readonly value: string; readonly secret: boolean }>;
  start: Extract<StoredEvent, { kind: "start" }>;
  first: Execution;
}

/**
 * Makes a rehearsal from a workflow's execution that has ended. Secrets (parameters, keys, what output schemas call so)
 * are replaced wherever they occur. @throws Invalid when it is no workflow, has not ended or is too large
 */
export async function record(core: Core, execution: Execution): Promise<Recording> {
  const refuse = (why: string): never => {
    throw new Invalid("workflow.recording", { message: `Execution "${execution.id}" ${why}` });
  };
  if (!isWorkflow(execution.runner))
    refuse(`is of ${execution.action}, which is no workflow: there is nothing to rehearse.`);
  if (execution.runner === CHAIN_RUNNER)
    refuse(`is of ${execution.action}, an action chain: only Orquesta workflows can be recorded.`);
  if (!isCompleted(execution.status)) refuse(`is ${execution.status}: it can be recorded once it has ended.`);
  const told = await historyOf(core, execution, refuse);
  const snapshot = await snapshotOf(core, execution);
  const firstSnapshot = await snapshotOf(core, told.first);
  if (snapshot?.definition === undefined || firstSnapshot === undefined) {
    return refuse("has no definition that could be read: there is nothing to rehearse.");
  }
  if (told.ends.length > MOST_ACTIONS)
    refuse(`ran ${told.ends.length} actions; a rehearsal takes at most ${MOST_ACTIONS}.`);

  const secrets: unknown[] = [...told.keys.values()].filter((key) => key.secret).map((key) => key.value);
  const first = { execution: told.first, snapshot: firstSnapshot };
  const inputs = await inputsOf(core, first, told.start);
  const { merged, defaults, templated } = core.plans(firstSnapshot.action, firstSnapshot.runner);
  const shown = maskParameters(inputs, merged);
  secrets.push(...secretsOf(inputs, shown));
  // A default that decrypts, or reads the pack's configuration, may have become one.
  for (const name of templated) if (DECRYPTS.test(String(defaults[name]))) secrets.push(inputs[name]);
  const rows = await rowsOf(core, told, secrets);
  const hide = hiderOf(secrets);

  const mocks: Record<string, Mock[]> = {};
  told.ends.forEach(({ event, result }, index) => {
    const row = event.execution === undefined ? undefined : rows.get(event.execution);
    (mocks[event.task] ??= []).push({
      // Cast: the statuses of executions are among those of workflows.
      status: event.status as WorkflowStatus,
      result: hide(result ?? row ?? {}),
      ...(event.item !== undefined && { item: event.item }),
      order: index + 1,
      ...(event.execution !== undefined && { execution: event.execution }),
    });
  });
  const rehearsal = {
    definition: snapshot.definition,
    inputs: hide(shown),
    mocks,
    keys: Object.fromEntries([...told.keys].map(([name, { value }]) => [name, hide(value)])),
    context: hide(
      contextOf(
        core,
        { ...first, compiled: core.definitions.compile(snapshot.definition, execution.runner) },
        told.start,
      ),
    ),
    requests: told.requests,
  };
  const { usesMoments, ...rehearsed } = perform(core, { ...rehearsal, moments: told.moments });
  const { status, output, path } = rehearsed;
  const recording: Recording = {
    recording: 1,
    of: { execution: execution.id, action: execution.action, status: execution.status },
    ...rehearsal,
    ...(usesMoments && { moments: told.moments }),
    expected: { status, output, path },
    notes: departures(execution, told, { status, output, path }, hide),
  };
  const bytes = Buffer.byteLength(JSON.stringify(recording));
  if (bytes > MOST_BYTES)
    refuse(`makes a recording of ${bytes} bytes; ${MOST_BYTES} is the most. Its tasks' results are too large.`);
  return recording;
}

const snapshotOf = async (core: Core, { project, snapshot }: Execution): Promise<Snapshot | undefined> =>
  (await core.snapshots.load(project, [snapshot])).get(snapshot);

async function historyOf(core: Core, execution: Execution, refuse: (why: string) => never): Promise<Told> {
  const { store, vault } = core.parts;
  const { project } = execution;
  const chain: { readonly execution: Execution; readonly steps: readonly StoredStep[] }[] = [];
  for (let next: Execution | undefined = execution; next !== undefined; ) {
    if (chain.length >= MOST_RERUNS) return refuse(`goes on from more than ${MOST_RERUNS} others.`);
    const { steps } = await store.workflow(project, next.id, true);
    // Cast: steps are written by the engine alone.
    const stored = steps.map(({ step }) => step as unknown as StoredStep);
    if (stored.length === 0) return refuse("ended before its first task: there is nothing to rehearse.");
    chain.unshift({ execution: next, steps: stored });
    const begin: StoredEvent | undefined = stored[0]?.events[0];
    next = begin?.kind === "continue" ? await store.execution(project, begin.of) : undefined;
  }
  const told: Told = {
    ends: [],
    requests: [],
    moments: [],
    keys: new Map(),
    start: { kind: "start", apiUrl: "" },
    first: chain[0]?.execution ?? execution,
  };
  for (const { at, seed, events, keys = {} } of chain.flatMap(({ steps }) => steps)) {
    const ends = events.filter((event) => event.kind === "timeout" || (event.kind === "task" && isEnd(event))).length;
    const from = events.some((event) => event.kind === "start") ? 0 : told.ends.length + 1;
    if (ends > 0 || from === 0) told.moments.push({ from, at, seed });
    for (const [address, key] of Object.entries(keys)) {
      if (key === null) continue;
      const [scope, , name = ""] = address.split("\0");
      const value = key.secret ? vault.open(key.value, "key") : key.value;
      told.keys.set(scope === "system" ? `system.${name}` : name, { value, secret: key.secret });
    }
    for (const event of events) addEvent(told, event);
  }
  return told;
}

const isEnd = (event: Extract<StoredEvent, { kind: "task" }>): boolean =>
  event.ignored !== true && isCompleted(event.status);

function addEvent(told: Told, event: StoredEvent): void {
  const after = told.ends.length;
  switch (event.kind) {
    case "start":
      told.start = event;
      return;
    case "task":
      // A sub-workflow that rests tells so; a rehearsal has only ends.
      if (isEnd(event)) told.ends.push({ event, ...(event.result && { result: event.result }) });
      return;
    case "timeout":
      // What ran of the task then: its mock says that the time is over.
      told.ends.push({ event: { kind: "task", task: event.task, route: event.route, status: "timeout" } });
      return;
    case "continue":
      told.requests.push({ after, kind: "rerun", tasks: event.tasks });
      return;
    case "fail":
      told.requests.push({ after, kind: "fail", message: event.message });
      return;
    default:
      told.requests.push({ after, kind: event.kind });
  }
}

/** The results of the tasks' executions; the secrets that they were given go to `secrets`. */
async function rowsOf(core: Core, told: Told, secrets: unknown[]): Promise<Map<string, JsonObject>> {
  const { store, vault } = core.parts;
  const { project } = told.first;
  const found = new Map<string, JsonObject>();
  const ids = told.ends.flatMap(({ event }) => event.execution ?? []);
  for (let at = 0; at < ids.length; at += ROWS) {
    const { items } = await store.executions(project, { ids: ids.slice(at, at + ROWS) }, { omit: ["context"] });
    const snapshots = await core.snapshots.load(
      project,
      items.map((one) => one.snapshot),
    );
    for (const { id, result = {}, parameters, snapshot: digest } of items) {
      const snapshot = snapshots.get(digest);
      if (snapshot === undefined) continue;
      const { sealed, merged } = core.plans(snapshot.action, snapshot.runner);
      if (sealed.length > 0)
        secrets.push(...secretsOf(openParameters(parameters, sealed, vault), maskParameters(parameters, merged)));
      const shown = maskResult(result, snapshot);
      secrets.push(...secretsOf(result, shown));
      found.set(id, shown);
    }
  }
  return found;
}

/** Where the rehearsal just made does not do what the run did. */
function departures(execution: Execution, told: Told, made: Expected, hide: <T>(value: T) => T): string[] {
  const notes: string[] = [];
  const real = told.ends.map(({ event: { task, item, status } }) => ({ task, item, status }));
  const at = made.path.findIndex((one, index) => real[index]?.task !== one.task || real[index]?.item !== one.item);
  if (at >= 0 || made.path.length !== real.length) {
    const which = at >= 0 ? at : made.path.length;
    notes.push(
      `the rehearsal takes another path than the run: end ${which + 1} is of ${made.path[which]?.task ?? "nothing"}, and was of ${real[which]?.task ?? "nothing"}. What decides there may be a secret, which is replaced.`,
    );
  }
  const output = execution.result?.output;
  const nothing = { status: made.status, path: [] };
  notes.push(
    ...differences(
      { ...nothing, output: made.output },
      { ...nothing, output: hide(isObject(output) ? output : null) },
    ).map((one) => `in the run, ${one} in the rehearsal`),
  );
  return notes;
}
