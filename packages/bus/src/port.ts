import type { Execution, JsonObject, OutputChunk, ResourceKind } from "@squall/model";

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
  /** There may be work to claim. */
  | { readonly topic: "wake" };

export type Topic = Message["topic"];

export interface Bus extends AsyncDisposable {
  /** Tells everybody who listens. Never throws on account of a listener, never waits for one. */
  publish(message: Message): void;
  /** Calls `listener` for each message of the topics until the returned function is called. Order per publisher holds. */
  subscribe<T extends Topic>(
    topics: readonly T[],
    listener: (message: Extract<Message, { topic: T }>) => void,
  ): () => void;
}
