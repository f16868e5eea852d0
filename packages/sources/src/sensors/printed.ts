import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { SensorLog } from "./sensor-log.ts";

/** What of a second's output goes to the log. */
const KEPT_BYTES = 256 * 1024;
/** What of a second's output is read at all; then the sensor waits. A loop around print() must not keep the server busy. */
const READ_BYTES = 64 * 1024 * 1024;
const WINDOW_MS = 1_000;
/** A line longer than this is broken. */
const LINE_LENGTH = 16 * 1024;

/**
 * Takes what a process prints to its log: whole lines, in any bytes (what is not UTF-8 becomes U+FFFD), at most so many
 * a second. Returns a function to call when the process is gone and its streams are at their end.
 */
export function logPrinted(streams: Readonly<Record<"out" | "err", Readable>>, log: SensorLog): () => void {
  let read = 0;
  let kept = 0;
  let dropped = 0;
  let window: NodeJS.Timeout | undefined;
  const both = [
    { source: "out", stream: streams.out, decoder: new StringDecoder("utf8") },
    { source: "err", stream: streams.err, decoder: new StringDecoder("utf8") },
  ] as const;
  const rests = { out: "", err: "" };

  const closeWindow = (): void => {
    window = undefined;
    if (dropped > 0)
      log.write("squall", `${dropped} bytes of output were left out: more than ${KEPT_BYTES} in a second`);
    read = kept = dropped = 0;
    for (const { stream } of both) stream.resume();
  };

  for (const { source, stream, decoder } of both) {
    stream.on("data", (chunk: Buffer) => {
      window ??= setTimeout(closeWindow, WINDOW_MS);
      read += chunk.length;
      if (read > READ_BYTES) for (const one of both) one.stream.pause();
      if (kept + chunk.length > KEPT_BYTES) {
        dropped += chunk.length;
        return;
      }
      kept += chunk.length;
      const lines = (rests[source] + decoder.write(chunk)).split("\n");
      rests[source] = lines.pop() ?? "";
      while (rests[source].length > LINE_LENGTH) {
        lines.push(rests[source].slice(0, LINE_LENGTH));
        rests[source] = rests[source].slice(LINE_LENGTH);
      }
      if (lines.length > 0) log.write(source, lines.map((line) => line.replace(/\r$/, "")).join("\n"));
    });
  }
  return () => {
    clearTimeout(window);
    for (const { source, decoder } of both) {
      const last = rests[source] + decoder.end();
      if (last !== "") log.write(source, last);
    }
    closeWindow();
  };
}
