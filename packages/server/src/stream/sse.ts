import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Bytes that may wait for one reader before it is dropped; about a thousand executions. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** Proxies close connections that are silent for half a minute. */
const HEARTBEAT_MS = 25_000;

export function wantsEvents(headers: IncomingHttpHeaders): boolean {
  return headers.accept?.includes("text/event-stream") ?? false;
}

/** One Server-Sent Event, as StackStorm frames it. */
export function frameOf(event: string, json: string): string {
  return `event: ${event}\ndata: ${json}\n\n`;
}

/** A reader of events. Never holds more than a bound of bytes for it: a reader that falls behind is let go. */
export interface EventWriter {
  /** False when the reader is gone or was dropped. `mostBytes` may wait beside this frame; the default is the most. */
  send(frame: string, mostBytes?: number): boolean;
  end(lastFrame?: string): void;
  readonly closed: Promise<void>;
}

/** Turns an answer into an event stream. `headers` are those that every answer has. */
export function openEvents(outgoing: ServerResponse, headers: OutgoingHttpHeaders): EventWriter {
  outgoing.writeHead(200, {
    ...headers,
    "Content-Type": "text/event-stream; charset=UTF-8",
    "Cache-Control": "no-cache",
    Connection: "close",
    "X-Accel-Buffering": "no",
  });
  outgoing.socket?.setNoDelay(true);
  let open = true;
  const heartbeat = setInterval(() => send("\n"), HEARTBEAT_MS);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const finish = () => {
    open = false;
    clearInterval(heartbeat);
    resolve();
  };
  outgoing.on("close", finish);
  outgoing.on("error", finish);

  function send(frame: string, mostBytes = MAX_WAITING_BYTES): boolean {
    if (!open) return false;
    const waiting = outgoing.writableLength;
    if (waiting > mostBytes || waiting + frame.length > MAX_WAITING_BYTES) {
      end(": dropped, because this reader is slower than what happens; connect again and read what is new\n\n");
      // What waits for a reader that does not read would stay in memory as long as its connection does.
      outgoing.socket?.setTimeout(5_000, () => outgoing.destroy());
      return false;
    }
    outgoing.write(frame);
    return true;
  }

  function end(lastFrame?: string): void {
    if (!open) return;
    finish();
    outgoing.end(lastFrame);
  }

  outgoing.write("\n");
  return { send, end, closed };
}
