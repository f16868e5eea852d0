import type { OutputType } from "@squall/model";
import type { Job, JobIO } from "./port.ts";

/** For tests: a job of the pack `examples` with the given parts. */
export function aJob(parts: Partial<Job> = {}): Job {
  return {
    execution: "65f000000000000000000001",
    action: { ref: "examples.one", name: "one", pack: "examples", entryPoint: "" },
    runnerParameters: {},
    actionParameters: {},
    schema: {},
    environment: { ST2_ACTION_EXECUTION_ID: "65f000000000000000000001", ST2_ACTION_PACK_NAME: "examples" },
    config: {},
    user: "stanley",
    context: {},
    limits: { outputBytes: 1024 * 1024 },
    ...parts,
  };
}

export interface Listener extends JobIO {
  readonly chunks: { readonly type: OutputType; readonly data: string }[];
  readonly announcements: { readonly route: string; readonly payload: unknown }[];
  readonly control: AbortController;
  /** Resolves once the streamed text of this kind holds `part`. */
  heard(type: OutputType, part: string): Promise<void>;
}

/** For tests: an io that remembers what it heard and can be aborted. */
export function aListener(): Listener {
  const control = new AbortController();
  const chunks: { type: OutputType; data: string }[] = [];
  const announcements: { route: string; payload: unknown }[] = [];
  const waiting: { type: OutputType; part: string; resolve: () => void }[] = [];
  const said = (type: OutputType) =>
    chunks
      .filter((chunk) => chunk.type === type)
      .map((chunk) => chunk.data)
      .join("");
  return {
    control,
    signal: control.signal,
    chunks,
    announcements,
    output(type, data) {
      chunks.push({ type, data });
      for (const one of waiting) if (said(one.type).includes(one.part)) one.resolve();
    },
    announce: (route, payload) => void announcements.push({ route, payload }),
    heard(type, part) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (said(type).includes(part)) resolve();
      else waiting.push({ type, part, resolve });
      return promise;
    },
  };
}
