import type { Execution, JsonObject, Lane, OutputChunk, ResourceKind } from "@squall/model";

/**
 * What is said between the parts. A hint, never the truth: any message may be lost, doubled or late, and whoever needs
 * it finds it again in the store.
 */
export type Message =
  /** An execution was created or moved. `execution` is its state after the commit. */
  | { readonly topic: "execution"; readonly change: "create" | "update"; readonly execution: Execution }
  | {
      readonly topic: "output";
      readonly project: string;
      readonly action: string;
      readonly runner: string;
      readonly chunk: OutputChunk;
    }
  /** The announcement runner spoke: `route` names the channel. */
  | {
      readonly topic: "announcement";
      readonly project: string;
      readonly route: string;
      readonly payload: JsonObject;
      readonly traceContext: JsonObject;
    }
  | {
      readonly topic: "resource";
      readonly change: "create" | "update" | "delete";
      readonly project: string;
      readonly kind: ResourceKind;
      readonly id: string;
      readonly ref: string;
    }
  /** Somebody wants a running execution to stop. */
  | { readonly topic: "cancel"; readonly project: string; readonly execution: string }
  /** A question to people was asked and waits for its answer, or does so no more. */
  | {
      readonly topic: "inquiry";
      readonly change: "asked" | "ended";
      readonly project: string;
      readonly execution: string;
    }
  /** There may be work to claim, in this lane or, when it names none, in any. */
  | { readonly topic: "wake"; readonly lane?: Lane }
  /** The workflows of a shard were told something. */
  | { readonly topic: "told"; readonly shard: number }
  | { readonly topic: "member"; readonly change: "join" | "leave" | "evict"; readonly id: string }
  /** Users, tokens or API keys changed: forget what you remember of them. */
  | { readonly topic: "accounts" };

export type Topic = Message["topic"];

export interface RequestOptions {
  /** How long to wait for the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the waiting with its reason; the answerer's signal is aborted as well. */
  readonly signal?: AbortSignal;
}

/** Answers one question. `signal` is aborted when the asker does not wait any more. */
export type Answer = (question: JsonObject, signal: AbortSignal) => Promise<JsonObject>;

/**
 * Copies of immutable bytes near the reader. The store has the original: any copy may be forgotten at any time, and
 * what a bus cannot keep it forgets at once.
 */
export interface Artifacts {
  /** The bytes whose SHA-256 is `digest` (64 hexadecimal digits), never others; undefined when there is no copy. */
  get(digest: string): Promise<Uint8Array | undefined>;
  /** Keeps a copy if it can. @throws Invalid `bus.artifact` when `digest` is not the SHA-256 of the bytes */
  put(digest: string, bytes: Uint8Array): Promise<void>;
}

export interface Bus extends AsyncDisposable {
  /** Tells everybody who listens. Never throws on account of a listener, never waits for one. */
  publish(message: Message): void;
  /** Calls `listener` for each message of the topics until the returned function is called. Order per publisher holds. */
  subscribe<T extends Topic>(
    topics: readonly T[],
    listener: (message: Extract<Message, { topic: T }>) => void,
  ): () => void;
  /**
   * Asks whoever serves the address, in whatever process that is. An answerer may be asked and its answer lost, so what
   * is asked must bear to be asked again.
   * @throws Unavailable `bus.no-answer` when nobody serves it or the answer takes longer than it may
   * @throws TooMany `bus.busy` when it answers as many as it does at once
   * @throws what the answerer threw; a SquallError arrives as what it was (class, code, message, status, fields)
   */
  request(address: string, question: JsonObject, options: RequestOptions): Promise<JsonObject>;
  /**
   * Answers what is asked of an address until the returned function is called; what is being answered then is finished.
   * An address has one server. Above `atOnce` at the same time askers are sent away.
   * @throws Conflict `bus.address` when the address is served by this process already
   */
  serve(address: string, answer: Answer, options: { readonly atOnce: number }): () => void;
  readonly artifacts: Artifacts;
  /** Whether others can be reached, and what it did so far. */
  health(): { readonly ok: boolean; readonly details: JsonObject };
}
