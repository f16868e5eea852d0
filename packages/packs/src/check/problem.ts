import { nearest, pythonText } from "@squall/model";
import type { Path } from "../yaml/positions.ts";

/** Something wrong in a draft. An error refuses it; a warning says what is hardly meant. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** What was found and what was expected, in StackStorm's words where it has some. */
  readonly message: string;
  /** Which value of the draft. For an unknown key its own path, for a missing one that of what lacks it. */
  readonly path: Path;
}

export function error(path: Path, message: string): Problem {
  return { severity: "error", message, path };
}

export function warning(path: Path, message: string): Problem {
  return { severity: "warning", message, path };
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === "error");
}

/** `; did you mean 'x'?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const guess = nearest(word, candidates);
  return guess === undefined ? "" : `; did you mean '${guess}'?`;
}

/** `parameters.cmd.type`, as messages and error positions name a value. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, segment) =>
      typeof segment === "number" ? `${text}[${segment}]` : text === "" ? segment : `${text}.${segment}`,
    "",
  );
}

export { pythonText };
