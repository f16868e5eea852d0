import { closeSync, openSync, writeSync } from "node:fs";
import { messageOf } from "@squall/model";
import { type Logger, pino } from "pino";
import { fileTrouble } from "./file-trouble.ts";

export type Log = Logger;

/** Members that hold credentials wherever they turn up in a log record. */
const SECRETS = ["password", "token", "secret", "apiKey", "authorization", "cookie", "key_hash"];

/**
 * Structured records, one JSON object a line. `file` "-" is stderr. Throws Unavailable when the file cannot be written;
 * when it later cannot, that is said once on stderr and work goes on.
 */
export function createLog(file: string, level: string): Log & { readonly close: () => void } {
  const out = file === "-" ? toStderr() : toFile(file);
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "********" },
    },
    out,
  );
  return Object.assign(log, { close: out.close });
}

interface Destination {
  write(text: string): void;
  close(): void;
}

function toStderr(): Destination {
  return { write: (text) => void process.stderr.write(text), close: () => undefined };
}

/**
 * Each record is in the file when `write` returns: they stand in order, and the last words of a process are among them.
 * There are few of them. pino's own destination tries for ever to write its rest when the disk is full, so that a server
 * could neither stop nor fail.
 */
function toFile(file: string): Destination {
  let descriptor: number;
  try {
    descriptor = openSync(file, "a", 0o600);
  } catch (error) {
    throw fileTrouble(error, "The log", file, "--log");
  }
  let isOpen = true;
  let hasFailed = false;
  return {
    write(text) {
      if (!isOpen) return;
      try {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      } catch (error) {
        if (!hasFailed) process.stderr.write(`squall server: the log ${file} cannot be written: ${messageOf(error)}\n`);
        hasFailed = true;
      }
    },
    close() {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}
