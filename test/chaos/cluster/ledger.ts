import type { Sent } from "../ledger.ts";
import type { Wish } from "./content.ts";

/**
 * What was asked of the cluster, and what it acknowledged. Each attempt carries a word of its own, its mark, by which it
 * is found again. A client whose attempt was not acknowledged tries again under another mark: whether the first one
 * happened nobody can tell but the books.
 */
export interface Ledger {
  readonly webhooks: Map<string, Sent & { readonly wishes: readonly Wish[] }>;
  readonly executions: Map<string, Sent & { readonly action: string; readonly delayMs: number }>;
  /** Values written to each key, in order, each only after the one before was answered or given up. */
  readonly keys: Map<string, (Sent & { readonly value: string })[]>;
  /** Rules made while it went on, by their name. */
  readonly rules: Map<string, Sent>;
  /** How often each of those rules was set off at the end, when every API had to know it. */
  readonly visits: Map<string, number>;
  /** Answers to questions, by the execution that asked. */
  readonly answers: Map<string, string>;
  /** Ids of executions whose cancellation was acknowledged. */
  readonly canceled: Set<string>;
  /** How often a client heard each status that means "later", or nothing at all. */
  readonly refusals: Map<string, number>;
  /** Answers that nobody should get, whatever is killed. */
  readonly strange: string[];
}

export function createLedger(): Ledger {
  return {
    webhooks: new Map(),
    executions: new Map(),
    keys: new Map(),
    rules: new Map(),
    visits: new Map(),
    answers: new Map(),
    canceled: new Set(),
    refusals: new Map(),
    strange: [],
  };
}
