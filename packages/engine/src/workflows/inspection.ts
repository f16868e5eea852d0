import { type Execution, Invalid, isObject, type JsonObject, messageOf, nearest, type Snapshot, type SourcePosition } from "@squall/model";
import type { Problem } from "@squall/workflow";
import type { Core } from "../core.ts";
import type { Compiled } from "./definitions.ts";

/** A problem of a definition in StackStorm's shape, with ours beside it. */
export interface InspectionEntry {
  readonly type: string;
  readonly message: string;
  readonly spec_path: string | null;
  readonly schema_path: string | null;
  readonly language?: string;
  readonly expression?: string;
  readonly suggestion?: string;
  readonly line?: number;
  readonly column?: number;
}
