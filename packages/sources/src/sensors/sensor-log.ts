import { formatMicros, type Micros } from "@squall/model";
import { appendFile, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Where a line comes from: the sensor's stdout or stderr (logging goes there too), or what Squall has to say about it. */
export type LogSource = "out" | "err" | "squall";

export interface LogPart {
  readonly text: string;
  /** Ask for what comes after this. */
  readonly position: number;
}

/** What a sensor prints and what becomes of it, kept in two files of bounded size. */
export interface SensorLog {
  /** Text without its last newline; each line gets the time and the source. Returns at once. */
  write(source: LogSource, text: string): void;
  /** What is kept after the position (all of it, if absent), of that the last `lines` and at most `bytes`. */
  read(asked: { after?: number; lines?: number; bytes: number }): Promise<LogPart>;
  /** Resolves when there is something after the position, or when the signal aborts. */
  grown(position: number, signal: AbortSignal): Promise<void>;
  /** Resolves when all that was written is in the file. */
  flushed(): Promise<void>;
}

/** Lines that wait for the disk; beyond it they are left out, and that is said. */
const WAITING_BYTES = 4 * 1024 * 1024;
// What would move a cursor or ring a bell on the terminal of whoever reads it. Tab is fine.
// oxlint-disable-next-line no-control-regex -- these are the characters it is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * - L1: a file holds at most half of `bytes`; the one before it is kept as `.1`.
 * - L2: files are opened for a write and closed after it, so that a thousand sensors hold no descriptors.
 * - L3: a disk that takes nothing costs lines, never the sensor.
 * - L4: writes and reads take turns, so that a position is that of what was read.
 */
export function createSensorLog(
  path: string,
  bytes: number,
  now: () => Micros,
  onTrouble: (error: unknown) => void,
): SensorLog {
  let waiting: string[] = [];
  let waitingBytes = 0;
  let left = 0;
  let turn: Promise<void> = Promise.resolve();
  let fileBytes: number | undefined;
  /** Bytes ever written, or kept from before this start. */
  let position = 0;
  const listeners = new Set<() => void>();
  let isTroubled = false;

  /** Said once, until it is over: a full disk would fill the server's log with it. */
  const inTrouble = (error: unknown): void => {
    if (!isTroubled) onTrouble(error);
    isTroubled = true;
  };

  const begin = async (): Promise<number> => {
    if (fileBytes !== undefined) return fileBytes;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const [older, newer] = await Promise.all([`${path}.1`, path].map(sizeOf));
    position += (older ?? 0) + (newer ?? 0);
    return (fileBytes = newer ?? 0);
  };

  /** L4 */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.then(
      () => undefined,
      () => undefined, // whoever asked has the error; the next one's turn comes all the same
    );
    return done;
  };

  /** Writes what waits. */
  const flush = async (): Promise<void> => {
    const data = Buffer.from(waiting.join(""));
    waiting = [];
    waitingBytes = 0;
    try {
      const before = await begin();
      if (before > 0 && before + data.length > bytes / 2) {
        await rename(path, `${path}.1`); // L1
        fileBytes = 0;
      }
      // One write larger than a file may be: its end counts.
      const kept = data.subarray(Math.max(0, data.length - bytes / 2));
      await appendFile(path, kept, { mode: 0o600 });
      fileBytes = (fileBytes ?? 0) + kept.length;
      position += kept.length;
      isTroubled = false;
    } catch (error) {
      inTrouble(error); // L3
      fileBytes = undefined;
      position = 0;
    }
    for (const listener of listeners) listener();
  };

  const flushed = (): Promise<void> => inTurn(async () => undefined);

  return {
    write(source, text) {
      const stamp = `${formatMicros(now())} ${source.padEnd(6)} `;
      const lines = text.split("\n").map((line) => `${stamp}${line.replace(CONTROL, "\ufffd")}\n`);
      if (waitingBytes > WAITING_BYTES) {
        left += lines.length;
        return;
      }
      if (left > 0) lines.unshift(`${stamp}[${left} lines were left out: the disk is too slow]\n`);
      left = 0;
      const isFirst = waiting.length === 0;
      for (const line of lines) {
        waiting.push(line);
        waitingBytes += line.length;
      }
      if (isFirst) void inTurn(flush);
    },
    async read({ after, lines, bytes: most }) {
      const { all, at } = await inTurn(async () => {
        await begin().catch(inTrouble); // L3: what cannot be read is as good as empty
        const files = [`${path}.1`, path];
        const parts = await Promise.all(files.map((file) => readFile(file).catch(() => Buffer.alloc(0))));
        return { all: Buffer.concat(parts), at: position };
      });
      // A position from before a restart of the server may be ahead of ours: then everything is new.
      const isKnown = after !== undefined && after <= at;
      let from = isKnown ? Math.max(0, all.length - (at - after)) : 0;
      if (all.length - from > most) from = all.length - most;
      let text = all.toString("utf8", from);
      const isCut = from > 0 && all[from - 1] !== 10;
      if (isCut) text = text.slice(text.indexOf("\n") + 1);
      if (lines !== undefined) text = lastLines(text, lines);
      return { text, position: at };
    },
    async grown(after, signal) {
      await flushed();
      if (position !== after || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      listeners.add(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      listeners.delete(resolve);
    },
    flushed,
  };
}

/** Takes a removed sensor's log away. */
export async function removeSensorLog(path: string): Promise<void> {
  await Promise.all([rm(path, { force: true }), rm(`${path}.1`, { force: true })]);
}

function lastLines(text: string, count: number): string {
  let start = text.length;
  for (let line = 0; line <= count && start > 0; line++) start = text.lastIndexOf("\n", start - 1);
  return text.slice(Math.max(0, start + 1));
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
