import { format } from "node:util";

/** The names of Python's levels, as in the runner's parameter `log_level`. */
export const LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "AUDIT"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Messages take `%s`, `%d`, `%j` and further values as `console.log` does. */
export interface Log {
  debug(message: string, ...values: unknown[]): void;
  info(message: string, ...values: unknown[]): void;
  warning(message: string, ...values: unknown[]): void;
  error(message: string, ...values: unknown[]): void;
}

/** Lines as Python actions have them: `name: LEVEL    message` (stackstorm-model 5.4), from `level` up. */
export function createLog(name: string, level: LogLevel, write: (line: string) => void): Log {
  const lowest = LOG_LEVELS.indexOf(level);
  const at =
    (own: LogLevel) =>
    (message: string, ...values: unknown[]): void => {
      if (LOG_LEVELS.indexOf(own) >= lowest) write(`${name}: ${own.padEnd(8)} ${format(message, ...values)}\n`);
    };
  return { debug: at("DEBUG"), info: at("INFO"), warning: at("WARNING"), error: at("ERROR") };
}
