import type { LogLevel } from "@squall/sdk";

/** To a warm process: run this action. Holds secrets. */
export interface RunMessage {
  readonly kind: "run";
  /** Written to stdout and stderr when the action is done, so that the reader knows that all of its output is there. */
  readonly end: string;
  readonly file: string;
  readonly packPath: string;
  /** Folder with the `node_modules` of the pack's package.json; absent for packs without. */
  readonly modules?: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly logLevel: LogLevel;
  /** The whole environment of the run. */
  readonly environment: Readonly<Record<string, string>>;
  readonly execution: {
    readonly id: string;
    readonly action: string;
    readonly pack: string;
    readonly user: string;
    readonly context: Readonly<Record<string, unknown>>;
  };
}

export type FromHost =
  | { readonly kind: "ready" }
  | {
      readonly kind: "answer";
      /** Absent when the action threw. */
      readonly answer?: { readonly result: unknown; readonly status: boolean };
      readonly code: number;
      /** Why it must not run another action; absent when it may. */
      readonly spent?: string;
      /** The pack's files that it has loaded so far, with the time of their last change in milliseconds. */
      readonly loaded: Readonly<Record<string, number>>;
    };

const HEADER_BYTES = 4;

/** One message as bytes: its length, then its JSON. */
export function frame(message: RunMessage | FromHost): Buffer {
  const text = Buffer.from(JSON.stringify(message), "utf8");
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(text.length);
  return Buffer.concat([header, text]);
}

/**
 * Puts messages together from chunks. A message of more than `limit()` bytes is not kept: `onMessage` gets undefined in
 * its place.
 */
export function createUnframer<M>(
  limit: () => number,
  onMessage: (message: M | undefined) => void,
): (chunk: Buffer) => void {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let parts: Buffer[] = [];
  let missing = 0;
  let isTooLong = false;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (headerBytes < HEADER_BYTES) {
        const taken = chunk.copy(header, headerBytes, at);
        headerBytes += taken;
        at += taken;
        if (headerBytes < HEADER_BYTES) return;
        missing = header.readUInt32BE();
        isTooLong = missing > limit();
      }
      const piece = chunk.subarray(at, at + missing);
      at += piece.length;
      missing -= piece.length;
      if (!isTooLong) parts.push(piece);
      if (missing > 0) return;
      const whole = Buffer.concat(parts);
      parts = [];
      headerBytes = 0;
      onMessage(isTooLong ? undefined : (JSON.parse(whole.toString("utf8")) as M));
    }
  };
}
