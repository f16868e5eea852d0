import { destination, type Logger, pino } from "pino";

export type Log = Logger;

/** Members that hold credentials wherever they turn up in a log record. */
const SECRETS = ["password", "token", "secret", "apiKey", "authorization", "cookie", "key_hash"];

/**
 * Structured records, one JSON object a line. `file` "-" is stderr. Written synchronously only on the way down, so that
 * the last lines before an exit are there.
 */
export function createLog(file: string, level: string): Log & { readonly close: () => void } {
  const out = destination({ dest: file === "-" ? 2 : file, sync: false, mkdir: true });
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
