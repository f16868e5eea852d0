import type { Bus, Message } from "@squall/bus";
import type { Engine } from "@squall/engine";
import { type Execution, formatMicros, isCompleted, isId, isObject, type JsonObject, TooMany } from "@squall/model";
import type { Log } from "../log.ts";
import { type EventWriter, frameOf, MAX_WAITING_BYTES } from "./sse.ts";

/**
 * Tells every connected reader what happens. One subscription to the bus serves all of them, and none when nobody reads.
 *
 * H1  A reader gets nothing of another project than its own, and secrets only masked.
 * H2  Events of one execution arrive in the order in which they happened.
 * H3  Memory is bounded: `MAX_QUEUED` messages here, `MAX_STREAMS` readers, a bound of bytes for each, which shrinks as
 *     they grow in number. Over the first everybody is let go, over the last that reader: the stream is a hint, and
 *     whoever reconnects reads the truth from the API.
 * H4  A reader that waits for the end of an execution misses neither what it printed before nor that end. StackStorm's
 *     tells only what comes after, which its client lives with because an action takes a while to begin there; here an
 *     action has often printed something, or ended, before the client that started it can listen.
 */
export interface StreamHub {
  /** Throws TooMany when there are as many readers as there may be. */
  admit(): void;
  /** Resolves when what was before is told, if the subscription waits for an end; it hears what is new from the call on. */
  attach(writer: EventWriter, subscription: Subscription): Promise<void>;
  /** Ends the stream at shutdown with the others. */
  track(writer: EventWriter): void;
  close(): void;
}

export interface Subscription {
  readonly project: string;
  /** Names of events; `*` stands for any text. */
  readonly events: readonly string[];
  readonly actionRefs?: readonly string[];
  readonly executionIds?: readonly string[];
  /** The stream ends after this event of this execution, once it is completed. */
  readonly end?: { readonly event: string; readonly execution: string };
}

export const DEFAULT_EVENTS: readonly string[] = [
  "st2.announcement__*",
  "st2.execution__create",
  "st2.execution__update",
  "st2.execution__delete",
  "st2.liveaction__create",
  "st2.liveaction__update",
  "st2.liveaction__delete",
];

const MAX_QUEUED = 10_000;
/** Each costs some 30 KB while it reads. */
const MAX_STREAMS = 1_000;
/** Bytes that may wait for all readers together, but for one event each. */
const ALL_WAITING_BYTES = 64 * 1024 * 1024;
/** Executions whose API objects are built together. */
const BATCH = 100;
const OUTPUT_EVENT = "st2.execution.output__create";
const GOODBYE = ": the server is shutting down\n\n";

type Streamed = Extract<Message, { topic: "execution" | "output" | "announcement" | "resource" }>;

interface Reader {
  readonly writer: EventWriter;
  readonly subscription: Subscription;
  readonly matches: (event: string) => boolean;
  /** What happens while it is being told what was before (H4). */
  held?: Said[];
  /** The last piece of output of the execution it waits for that it was told. */
  toldOutput: number;
}

/** One event ready to be sent. */
interface Said {
  readonly project: string;
  readonly event: string;
  readonly actionRef?: string;
  readonly execution?: string;
  readonly completed?: boolean;
  /** Of a piece of output: its place among those of the execution. */
  readonly seq?: number;
  readonly data: () => JsonObject;
}

export function createStreamHub(bus: Bus, engine: Pick<Engine, "executions" | "content">, log: Log): StreamHub {
  const readers = new Set<Reader>();
  const tracked = new Set<EventWriter>();
  let unsubscribe: (() => void) | undefined;
  let queue: Streamed[] = [];
  let pumping = false;
  let closed = false;

  function hear(message: Streamed): void {
    if (!isWanted(message)) return;
    if (queue.length >= MAX_QUEUED) {
      queue = [];
      log.warn({ readers: readers.size }, "the event stream fell behind; its readers were let go");
      for (const { writer } of readers) writer.end(": dropped, because more happens than can be told\n\n");
      return;
    }
    queue.push(message);
    if (!pumping) void pump();
  }

  /** Building an API object costs a read, so it is not done for what nobody listens to. */
  function isWanted(message: Streamed): boolean {
    const names = eventNames(message);
    for (const { subscription, matches } of readers) {
      if (subscription.project === projectOf(message) && names.some(matches)) return true;
    }
    return false;
  }

  // H2: one at a time, in the order of the bus.
  async function pump(): Promise<void> {
    pumping = true;
    try {
      while (queue.length > 0) {
        const batch = queue.splice(0, BATCH);
        const executions = batch.flatMap((message) => (message.topic === "execution" ? [message.execution] : []));
        const views = executions.length > 0 ? await engine.executions.views(executions) : [];
        let next = 0;
        for (const message of batch) {
          const view = message.topic === "execution" ? (views[next++] ?? {}) : {};
          for (const said of saidBy(message, view)) tell(said);
        }
      }
    } catch (error) {
      log.error({ err: error }, "an event could not be streamed");
      queue = [];
    } finally {
      pumping = false;
    }
  }

  function saidBy(message: Streamed, view: JsonObject): Said[] {
    const project = projectOf(message);
    switch (message.topic) {
      case "execution": {
        const { execution, change } = message;
        const about = {
          project,
          actionRef: execution.action,
          execution: execution.id,
          completed: isCompleted(execution.status),
        };
        return [
          { ...about, event: `st2.execution__${change}`, data: () => view },
          { ...about, event: `st2.liveaction__${change}`, data: () => liveaction(execution, view) },
        ];
      }
      case "output": {
        const { chunk, action } = message;
        return [
          {
            project,
            event: OUTPUT_EVENT,
            actionRef: action,
            execution: chunk.execution,
            seq: chunk.seq,
            data: () => outputData(message),
          },
        ];
      }
      case "announcement":
        return [
          {
            project,
            event: `st2.announcement__${message.route}`,
            data: () => ({ payload: message.payload, trace_context: message.traceContext }),
          },
        ];
      case "resource": {
        if (message.kind !== "action_alias") return [];
        const alias = engine.content.get(project, "action_alias", message.id);
        const data: JsonObject = alias ?? { id: message.id, ref: message.ref };
        return [{ project, event: `st2.actionalias__${message.change}`, data: () => data }];
      }
      default:
        return message satisfies never;
    }
  }

  function tell(said: Said): void {
    let frame: string | undefined;
    const share = Math.min(MAX_WAITING_BYTES, ALL_WAITING_BYTES / readers.size);
    for (const reader of readers) {
      if (!wants(reader, said)) continue;
      if (reader.held === undefined) {
        deliver(reader, said, (frame ??= frameOf(said.event, JSON.stringify(said.data()))), share);
      } else if (reader.held.push(said) > MAX_QUEUED) {
        reader.writer.end(": dropped, because more happens than can be told\n\n");
      }
    }
  }

  function deliver(reader: Reader, said: Said, frame: string, mostBytes?: number): void {
    const { end } = reader.subscription;
    const isAwaited = end !== undefined && end.execution === said.execution;
    if (isAwaited && said.seq !== undefined) {
      if (said.seq <= reader.toldOutput) return;
      reader.toldOutput = said.seq;
    }
    reader.writer.send(frame, mostBytes);
    if (isAwaited && end.event === said.event && said.completed) reader.writer.end();
  }

  /** H4. Events are held back meanwhile, so that they come after what they follow. */
  async function catchUp(reader: Reader, id: string): Promise<void> {
    const { project, end } = reader.subscription;
    reader.held = [];
    try {
      // The status is read before the output: what was printed before the end is then surely there.
      const execution = await engine.executions.get(project, id);
      if (execution === undefined) return;
      const { action, runner } = execution;
      const about = { project, actionRef: action, execution: id };
      if (wants(reader, { ...about, event: OUTPUT_EVENT })) {
        for (const chunk of await engine.executions.output(project, id)) {
          const data = outputData({ chunk, action, runner });
          const said = { ...about, event: OUTPUT_EVENT, seq: chunk.seq, data: () => data };
          deliver(reader, said, frameOf(said.event, JSON.stringify(data)));
        }
      }
      if (isCompleted(execution.status) && end !== undefined) {
        const [view] = await engine.executions.views([execution]);
        reader.writer.end(frameOf(end.event, JSON.stringify(view)));
      }
    } finally {
      const { held } = reader;
      delete reader.held;
      for (const said of held) deliver(reader, said, frameOf(said.event, JSON.stringify(said.data())));
    }
  }

  function track(writer: EventWriter): void {
    if (closed) return writer.end(GOODBYE);
    tracked.add(writer);
    void writer.closed.then(() => tracked.delete(writer));
  }

  return {
    admit() {
      if (tracked.size < MAX_STREAMS) return;
      throw new TooMany("stream.too-many", {
        message: `${MAX_STREAMS} streams are being read, which is the most. Close some, or try again later.`,
        fields: { retryAfterSeconds: 5 },
      });
    },
    async attach(writer, subscription) {
      track(writer);
      if (closed) return;
      const reader: Reader = { writer, subscription, matches: matcher(subscription.events), toldOutput: 0 };
      readers.add(reader);
      unsubscribe ??= bus.subscribe(["execution", "output", "announcement", "resource"], hear);
      void writer.closed.then(() => {
        readers.delete(reader);
        if (readers.size > 0) return;
        unsubscribe?.();
        unsubscribe = undefined;
        queue = [];
      });
      const { end } = subscription;
      if (end !== undefined && isId(end.execution)) await catchUp(reader, end.execution);
    },
    track,
    close() {
      closed = true;
      for (const writer of tracked) writer.end(GOODBYE);
    },
  };
}

/** H1, and what the reader asked for. */
function wants({ subscription, matches }: Reader, said: Omit<Said, "data">): boolean {
  const { project, actionRefs, executionIds } = subscription;
  if (project !== said.project || !matches(said.event)) return false;
  if (actionRefs && !(said.actionRef && actionRefs.includes(said.actionRef))) return false;
  return !executionIds || (said.execution !== undefined && executionIds.includes(said.execution));
}

function projectOf(message: Streamed): string {
  return message.topic === "execution" ? message.execution.project : message.project;
}

function eventNames(message: Streamed): string[] {
  switch (message.topic) {
    case "execution":
      return [`st2.execution__${message.change}`, `st2.liveaction__${message.change}`];
    case "output":
      return [OUTPUT_EVENT];
    case "announcement":
      return [`st2.announcement__${message.route}`];
    case "resource":
      return message.kind === "action_alias" ? [`st2.actionalias__${message.change}`] : [];
    default:
      return message satisfies never;
  }
}

/** The event that tells of a piece of output. */
export function outputData(
  message: Pick<Extract<Message, { topic: "output" }>, "chunk" | "action" | "runner">,
): JsonObject {
  const { chunk, action, runner } = message;
  return {
    id: `${chunk.execution}.${chunk.seq}`,
    execution_id: chunk.execution,
    action_ref: action,
    runner_ref: runner,
    timestamp: formatMicros(chunk.timestamp),
    output_type: chunk.type,
    data: chunk.data,
  };
}

/** StackStorm's runtime record of an execution, made from the one record we keep. */
function liveaction(execution: Execution, view: JsonObject): JsonObject {
  const { status, start_timestamp, end_timestamp, result, context, parameters } = view;
  return {
    ...(isObject(view.liveaction) ? view.liveaction : {}),
    id: execution.liveaction,
    action: execution.action,
    status,
    start_timestamp,
    end_timestamp,
    parameters,
    result,
    context,
  };
}

/** Does one of the patterns, in which `*` stands for any text, name the event? */
export function matcher(patterns: readonly string[]): (event: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const globs = patterns.filter((pattern) => pattern.includes("*")).map((pattern) => pattern.split("*"));
  return (event) => exact.has(event) || globs.some((parts) => fits(event, parts));
}

/** Text between stars must occur in order; found without backtracking, since patterns come from outside. */
function fits(event: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!event.startsWith(first) || !event.endsWith(last) || event.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = event.indexOf(part, from);
    if (found < 0 || found + part.length > event.length - last.length) return false;
    from = found + part.length;
  }
  return true;
}
