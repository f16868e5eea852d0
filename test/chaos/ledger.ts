/**
 * What was asked of the server, and what it acknowledged. Everything carries a word of its own, its mark, by which it
 * is found again; ids would not do, since an answer may be cut off behind its status line.
 */
export interface Ledger {
  readonly webhooks: Map<string, Sent & { readonly noop: boolean; readonly process: boolean }>;
  readonly executions: Map<string, Sent & { readonly action: string; readonly delayMs: number }>;
  /** Values written to each key, in order, each only after the one before was answered or cut off. */
  readonly keys: Map<string, (Sent & { readonly value: string })[]>;
  readonly rules: Map<string, Sent>;
  /** Ids of executions whose cancellation was acknowledged. */
  readonly canceled: Set<string>;
  /** Answers that nobody should get, whatever is killed. */
  readonly strange: string[];
}

export interface Sent {
  acknowledged: boolean;
}

export function createLedger(): Ledger {
  return {
    webhooks: new Map(),
    executions: new Map(),
    keys: new Map(),
    rules: new Map(),
    canceled: new Set(),
    strange: [],
  };
}

/** How many requests of a kind were acknowledged and how many were sent. */
export function countOf(sent: Iterable<Sent>): { acknowledged: number; sent: number } {
  const all = [...sent];
  return { acknowledged: all.filter((one) => one.acknowledged).length, sent: all.length };
}
