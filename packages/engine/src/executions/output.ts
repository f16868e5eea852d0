import { type Execution, type OutputChunk, type OutputType, SquallError } from "@squall/model";
import type { Change } from "@squall/store";
import type { EngineParts } from "../parts.ts";

/**
 * What running executions print, on its way to listeners (at once) and to the store (in batches, since a commit per
 * line would cost more than the line).
 */
export interface Output {
  write(type: OutputType, data: string): void;
  /** Chunks that are not in the store yet, as changes; they count as written once these are committed. */
  take(): Change[];
  /** Resolves when everything written so far is in the store. */
  flushed(): Promise<void>;
}

/** Output is in the store at most this long after it was printed. */
const FLUSH_MS = 200;
/** When a write failed, so long is waited before the next. */
const RETRY_MS = 1000;
/** A batch of this size is written without waiting. */
const FLUSH_CHARS = 256 * 1024;

export function createOutput(parts: EngineParts, execution: Execution): Output {
  let chunks: OutputChunk[] = [];
  let size = 0;
  let seq = 0;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const take = (): Change[] => {
    clearTimeout(timer);
    timer = undefined;
    if (chunks.length === 0) return [];
    const taken = chunks;
    chunks = [];
    size = 0;
    return [{ kind: "output.append", project: execution.project, chunks: taken }];
  };
  const flush = (): Promise<void> => {
    const taken = chunks;
    const changes = take();
    if (changes.length === 0) return writing;
    writing = writing
      .then(() => parts.store.commit(changes))
      .then(
        () => undefined,
        (error: unknown) => {
          parts.log.error({ execution: execution.id, err: error }, "output could not be stored; trying again");
          // It waits for the next try, or for the end of the execution; runners bound how much of it there is.
          chunks = [...taken, ...chunks];
          if (isClosed(error)) return;
          timer ??= setTimeout(() => void flush(), RETRY_MS).unref();
        },
      );
    return writing;
  };

  return {
    write(type, data) {
      const chunk: OutputChunk = { execution: execution.id, seq: ++seq, type, timestamp: parts.now(), data };
      chunks.push(chunk);
      size += data.length;
      parts.bus.publish({
        topic: "output",
        project: execution.project,
        action: execution.action,
        runner: execution.runner,
        chunk,
      });
      if (size >= FLUSH_CHARS) void flush();
      else timer ??= setTimeout(() => void flush(), FLUSH_MS);
    },
    take,
    async flushed() {
      await flush();
    },
  };
}

/** Nothing will ever be written again. */
function isClosed(error: unknown): boolean {
  return error instanceof SquallError && error.code === "store.closed";
}
