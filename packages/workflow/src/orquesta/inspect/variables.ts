import { usedVariables } from "@squall/expressions";
import { nearest } from "@squall/model";
import type { Outline, OutlineTask, Placed } from "./outline.ts";
import { startNames } from "./semantics.ts";
import type { Path } from "./validate.ts";

export interface VariableFinding {
  readonly message: string;
  readonly path: Path;
  readonly type: "yaql" | "jinja";
  readonly expression: string;
  readonly suggestion?: string;
}

type Names = ReadonlySet<string>;

/** More ways to reach a task, with other variables each, than anyone has written by hand: further ones are not looked at. */
const MAX_VISITS_PER_TASK = 64;

/** Variables that are used on some way through the workflow before anything has set them (orquesta-and-expressions 2). */
export function checkVariables(outline: Outline, contextNames: readonly string[]): VariableFinding[] {
  const found = new Map<string, VariableFinding>();
  const check = ({ value, path }: Placed, known: Names): void => {
    for (const { language, statement, variable } of usedVariables(value)) {
      const about = { path, type: language, expression: statement };
      const report = (message: string, suggestion?: string): void => {
        const finding = { ...about, message, ...(suggestion === undefined ? {} : { suggestion }) };
        found.set(JSON.stringify([path, statement, message]), finding);
      };
      if (variable.startsWith("__")) {
        report(
          `Variable "${variable}" that is prefixed with double underscores is considered a private variable and cannot be referenced.`,
        );
      }
      if (known.has(variable)) continue;
      const near = nearest(variable, known);
      report(
        `Variable "${variable}" is referenced before assignment.`,
        near === undefined ? undefined : `did you mean '${near}'?`,
      );
    }
  };
  /** Checks entries in order, each with what those before it set. */
  const checkEntries = (entries: readonly (Placed & { readonly name: string })[], known: Names): Names => {
    const grown = new Set(known);
    for (const entry of entries) {
      check(entry, grown);
      grown.add(entry.name);
    }
    return grown;
  };

  const initial = checkEntries(outline.vars, checkEntries(outline.input, new Set(contextNames)));
  const everything = new Set(initial);
  const joined = new Map<string, Set<string>>();
  const visits = new Map<string, Set<string>>();
  const queue: { task: OutlineTask; known: Names }[] = [];
  const enqueue = (name: string, known: Names): void => {
    const task = outline.tasks.get(name);
    if (task === undefined) return;
    if (task.hasJoin) {
      const all = joined.get(name) ?? new Set();
      for (const one of known) all.add(one);
      joined.set(name, all);
    }
    queue.push({ task, known });
  };
  for (const name of startNames(outline)) enqueue(name, initial);
  for (let next = 0; next < queue.length; next++) {
    const { task, known: arrived } = queue[next] as (typeof queue)[number];
    // What all branches that have come by now have set.
    const known = task.hasJoin ? new Set(joined.get(task.name)) : arrived;
    const seen = visits.get(task.name) ?? new Set();
    visits.set(task.name, seen);
    const key = [...known].sort().join("\n");
    if (seen.has(key) || seen.size >= MAX_VISITS_PER_TASK) continue;
    seen.add(key);
    const places = [task.delay, task.timeout, task.with?.items, task.with?.concurrency, task.action, task.input];
    for (const place of places) if (place !== undefined) check(place, known);
    for (const { when, publish, targets } of task.next) {
      check(when, known);
      const after = checkEntries(publish, known);
      for (const name of after) everything.add(name);
      for (const target of targets) enqueue(target, after);
    }
  }
  checkEntries(outline.output, everything);
  return [...found.values()];
}
