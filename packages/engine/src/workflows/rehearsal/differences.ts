import { isDeepStrictEqual } from "node:util";
import type { Expected, PathEntry } from "./rehearse.ts";

/** More than anybody reads; what is left out is counted. */
const MOST_TOLD = 200;
/** Characters of a value. */
const MOST_VALUE = 120;

/** Where one rehearsal departs from another, as sentences: the end first, then by task in the order in which they ran. */
export function differences(expected: Expected, actual: Expected): string[] {
  const found: string[] = [];
  if (expected.status !== actual.status) found.push(`the workflow ${actual.status}; it had ${expected.status}`);
  found.push(...members("output", expected.output ?? {}, actual.output ?? {}));
  const [before, after] = [byRun(expected.path), byRun(actual.path)];
  for (const [run, was] of before) {
    const is = after.get(run);
    if (is === undefined) {
      found.push(`${run} does not run; it had ${was.status}`);
      continue;
    }
    if (was.action !== is.action) found.push(`${run} runs ${is.action}; it had been ${was.action}`);
    if (was.status !== is.status) found.push(`${run} ${is.status}; it had ${was.status}`);
    if (was.delay !== is.delay) found.push(`${run} waits ${is.delay ?? 0} s; it had been ${was.delay ?? 0} s`);
    found.push(...members(`${run}: input`, was.input, is.input));
  }
  for (const [run, is] of after) {
    if (!before.has(run)) found.push(`${run} runs ${is.action} and ${is.status}; it had not run`);
  }
  if (found.length === 0) {
    const [were, are] = [[...before.keys()], [...after.keys()]];
    const at = were.findIndex((run, index) => are[index] !== run);
    if (at >= 0) found.push(`the order differs: end ${at + 1} is of ${are[at]}; it had been of ${were[at]}`);
  }
  if (found.length <= MOST_TOLD) return found;
  return [...found.slice(0, MOST_TOLD), `and ${found.length - MOST_TOLD} more`];
}

/** Names each run of a task: `task`, `task[item]`, from the second one on `task[item] (run 2)`. */
function byRun(path: readonly PathEntry[]): Map<string, PathEntry> {
  const counts = new Map<string, number>();
  const runs = new Map<string, PathEntry>();
  for (const entry of path) {
    const name = entry.item === undefined ? entry.task : `${entry.task}[${entry.item}]`;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    runs.set(count === 1 ? name : `${name} (run ${count})`, entry);
  }
  return runs;
}

function members(
  what: string,
  was: Readonly<Record<string, unknown>>,
  is: Readonly<Record<string, unknown>>,
): string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .filter((name) => !isDeepStrictEqual(plain(was[name]), plain(is[name])))
    .map((name) => `${what}.${name} is ${shown(is[name])}; it had been ${shown(was[name])}`);
}

/** As it would be after a way through JSON, which recordings have behind them. */
const plain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? "null");

function shown(value: unknown): string {
  const text = value === undefined ? "not there" : (JSON.stringify(value) ?? "null");
  return text.length > MOST_VALUE ? `${text.slice(0, MOST_VALUE)}…` : text;
}
