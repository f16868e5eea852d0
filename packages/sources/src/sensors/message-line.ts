import { isObject, type JsonObject } from "@squall/model";
import type { Duplex } from "node:stream";

/** JSON objects, one a line, both ways over a child's descriptor. */
export interface MessageLine {
  send(message: JsonObject): void;
  /** Reads no more until `resume`: the other side is held up once the system's buffer is full. */
  pause(): void;
  resume(): void;
}

export interface MessageListener {
  message(message: JsonObject): void;
  /** Something came that is no message; it was dropped. `isFatal`: no end of it is in sight, and nothing more is read. */
  nonsense(what: string, isFatal: boolean): void;
}

const NEWLINE = 10;

/** Frames what comes on `stream`; a line of more than `lineBytes` ends the reading. */
export function createMessageLine(stream: Duplex, lineBytes: number, listener: MessageListener): MessageLine {
  let parts: Buffer[] = [];
  let length = 0;
  let isOver = false;

  const take = (chunk: Buffer): void => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line =
        parts.length === 0 ? chunk.subarray(start, end) : Buffer.concat([...parts, chunk.subarray(start, end)]);
      parts = [];
      length = 0;
      start = end + 1;
      if (line.length > lineBytes) return giveUp();
      read(line);
      if (isOver) return;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      length += chunk.length - start;
      if (length > lineBytes) giveUp();
    }
  };

  const giveUp = (): void => {
    isOver = true;
    parts = [];
    listener.nonsense(`a message of more than ${lineBytes} bytes`, true);
  };

  const read = (line: Buffer): void => {
    let value: unknown;
    try {
      value = JSON.parse(line.toString("utf8"));
    } catch {
      listener.nonsense(`${line.length} bytes that are not JSON`, false);
      return;
    }
    if (isObject(value)) listener.message(value);
    else listener.nonsense("JSON that is no object", false);
  };

  stream.on("data", (chunk: Buffer) => {
    if (!isOver) take(chunk);
  });
  return {
    send(message) {
      // To one that is gone: its end is noticed elsewhere.
      if (!stream.destroyed) stream.write(`${JSON.stringify(message)}\n`);
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
  };
}
