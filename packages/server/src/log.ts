import { closeSync, openSync } from "node:fs";
import { destination, type Logger, pino } from "pino";
import { fileTrouble } from "./file-trouble.ts";

export type Log = Logger;

/** Members that hold credentials wherever they turn up in a log record. */
const SECRETS = ["password", "token", "secret", "apiKey", "authorization", "cookie", "key_hash"];

/**
 * Structured records, one JSON object a line. `file` "-" is stderr. Throws Unavailable when the file cannot be written;
 * when it later cannot, that is said once on stderr and work goes on.
 */
export function createLog(file: string, level: string): Log & { readonly close: () => void } {
  if (file !== "-") {
    try {
      closeSync(openSync(file, "a", 0o600));
    } catch (error) {
      throw fileTrouble(error, "The log", file, "--log");
    }
  }
  // Records are few and a file takes them at once, so that they stand in order and whole when the process ends, however
  // it does. Whoever reads stderr may be slow, and must not hold the server up.
  const out = destination({ dest: file === "-" ? 2 : file, sync: file !== "-" });
  out.once("error", (error: Error) => {
    process.stderr.write(`squall server: the log ${file} cannot be written: ${error.message}\n`);
    out.on("error", () => undefined);
  });
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "********" },
    },
    out,
  );
  return Object.assign(log, {
    close: () => {
      try {
        out.flushSync();
      } catch {
        // Nothing was written yet: sonic-boom refuses to flush a file that is not open.
      }
    },
  });
}
