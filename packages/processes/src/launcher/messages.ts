import type { ProcessRequest } from "../run-process.ts";
import type { ProcessEnd, ProcessLimits } from "../supervise.ts";

/** What crosses to the launcher: a request without what only exists on one side. */
export type Crossing = Omit<ProcessRequest, "signal" | "onOutput">;

export type ToLauncher =
  | {
      readonly kind: "run";
      readonly id: number;
      readonly request: Crossing;
      readonly limits: Omit<ProcessLimits, "table">;
    }
  | { readonly kind: "abort"; readonly id: number };

export type FromLauncher =
  | { readonly kind: "output"; readonly id: number; readonly type: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "end"; readonly id: number; readonly end: ProcessEnd };
