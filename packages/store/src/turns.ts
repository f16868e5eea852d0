import type { Execution, Lane } from "@squall/model";
import type { Claim } from "./port.ts";

/** Whose turn it is: where claims of a lane go on in the circle of projects. Each process keeps its own. */
export interface Turns {
  /** The project that had the last turn; `""` at first. */
  last(lane: Lane): string;
  /** After a claim that did not get all it asked for nothing is left to be fair about, so it changes nothing. */
  took(ask: Claim, claimed: readonly Execution[]): void;
}

export function createTurns(): Turns {
  const last: Partial<Record<Lane, string>> = {};
  return {
    last: (lane) => last[lane] ?? "",
    took({ lane, limit }, claimed) {
      const project = claimed.at(-1)?.project;
      if (project !== undefined && claimed.length === limit) last[lane] = project;
    },
  };
}
