import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import { messageOf } from "@squall/model";
import { type Logger, pino } from "pino";
import { fileTrouble } from "./file-trouble.ts";

export type Log = Logger;

export interface LogFile {
  /** What was logged before is set aside if it is much; one such file is kept. For who has the data to himself. */
  setAside(): void;
  close(): void;
}

/** What is much. */
const ASIDE_BYTES = 16 * 1024 * 1024;

/** Members that hold credentials wherever they turn up in a log record. */
const SECRETS = ["password", "token", "secret", "apiKey", "authorization", "cookie", "key_hash"];

/**
 * Structured records, one JSON object a line. `file` "-" is stderr. Throws Unavailable when the file cannot be written;
 * when it later cannot, that is said once on stderr and work goes on.
 */
export function createLog(file: string, level: string): Log & LogFile {
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
  return Object.assign(log, { close: out.close, setAside: out.setAside });
}

interface Destination extends LogFile {
  write(text: string): void;
}

function toStderr(): Destination {
  return { write: (text) => void process.stderr.write(text), close: () => undefined, setAside: () => undefined };
}

/**
 * Each record is in the file when `write` returns: they stand in order, and the last words of a process are among them.
 * There are few of them. pino's own destination tries for ever to write its rest when the disk is full, so that a server
 * could neither stop nor fail.
 */
function toFile(file: string): Destination {
  const open = () => {
    try {
      return openSync(file, "a", 0o600);
    } catch (error) {
      throw fileTrouble(error, "The log", file, "--log");
    }
  };
  let descriptor = open();
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
    setAside() {
      if (fstatSync(descriptor).size <= ASIDE_BYTES) return;
      renameSync(file, `${file}.1`);
      closeSync(descriptor);
      descriptor = open();
    },
    close() {
      if (isOpen) closeSync(descriptor);
      isOpen = false;
    },
  };
}
