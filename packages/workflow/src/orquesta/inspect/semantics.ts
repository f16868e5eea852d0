import { nearest } from "@squall/model";
import { COMMANDS } from "../definition.ts";
import { compareNames, cyclicNames } from "../graph.ts";
import type { Outline, OutlineTask } from "./outline.ts";
import type { Path } from "./validate.ts";

export interface Finding {
  readonly message: string;
  readonly path: Path;
  readonly suggestion?: string;
}

/** The names a task leads to that are tasks. */
const following = (outline: Outline, task: OutlineTask): string[] =>
  task.next.flatMap(({ targets }) => targets.filter((target) => outline.tasks.has(target)));

export function startNames(outline: Outline): string[] {
  const led = new Set([...outline.tasks.values()].flatMap((task) => following(outline, task)));
  return [...outline.tasks.keys()].filter((name) => !led.has(name)).sort(compareNames);
}

/** Tasks that can be reached, in the order of a walk from the start tasks. */
function reachable(outline: Outline): OutlineTask[] {
  const seen = new Set(startNames(outline));
  for (const name of seen)
    for (const next of following(outline, outline.tasks.get(name) as OutlineTask)) seen.add(next);
  return [...seen].map((name) => outline.tasks.get(name) as OutlineTask);
}

/** Rules that no schema can say (orquesta-and-expressions 2). */
export function checkSemantics(outline: Outline): Finding[] {
  const found: Finding[] = [];
  for (const task of outline.tasks.values()) {
    if ((COMMANDS as readonly string[]).includes(task.name)) {
      found.push({ message: `The task name "${task.name}" is reserved with special function.`, path: task.path });
    } else if (!/^\w+$/u.test(task.name)) {
      found.push({
        message: `The task name "${task.name}" may only have letters, digits and underscores.`,
        path: task.path,
        suggestion: `call it '${task.name.replace(/\W+/gu, "_")}'`,
      });
    }
    if (task.with !== undefined && !task.hasAction) {
      found.push({ message: "The action property is required for with items task.", path: task.path });
    }
  }
  if (outline.tasks.size > 0 && startNames(outline).length === 0) {
    found.push({
      message:
        "Unable to identify any tasks to start the workflow. If the workflow has a loop, please add a task that serves as an entry point (or lead) into the loop.",
      path: ["tasks"],
    });
  }
  const tasks = reachable(outline);
  for (const task of tasks) found.push(...undefinedTargets(outline, task));
  found.push(...unreachableJoins(outline, tasks));
  return found;
}

function undefinedTargets(outline: Outline, task: OutlineTask): Finding[] {
  return task.next.flatMap(({ targets, targetsPath }) =>
    [...new Set(targets)]
      .filter((target) => !outline.tasks.has(target) && !(COMMANDS as readonly string[]).includes(target))
      .map((target) => {
        const near = nearest(target, [...outline.tasks.keys(), ...COMMANDS]);
        return {
          message: `The task "${target}" is not defined.`,
          path: targetsPath,
          ...(near === undefined ? {} : { suggestion: `did you mean '${near}'?` }),
        };
      }),
  );
}

/** A join is ambiguous when its branches came through different splits: it would have to wait on several routes. */
function unreachableJoins(outline: Outline, tasks: readonly OutlineTask[]): Finding[] {
  const names = new Set(tasks.map((task) => task.name));
  const ways = new Map<string, number>();
  const sources = new Map<string, Set<string>>();
  const outgoing = new Map<string, { to: string }[]>();
  for (const task of outline.tasks.values()) {
    for (const target of following(outline, task)) ways.set(target, (ways.get(target) ?? 0) + 1);
    const targets = following(outline, task);
    outgoing.set(
      task.name,
      targets.map((to) => ({ to })),
    );
    if (!names.has(task.name)) continue;
    for (const target of targets) {
      const from = sources.get(target) ?? new Set();
      sources.set(target, from.add(task.name));
    }
  }
  const cyclic = cyclicNames([...names], outgoing);
  const isSplit = (task: OutlineTask): boolean =>
    !task.hasJoin && (ways.get(task.name) ?? 0) > 1 && !cyclic.has(task.name);
  const splits = new Map(tasks.map((task) => [task.name, new Set(isSplit(task) ? [task.name] : [])]));
  const open = tasks.map((task) => task.name);
  const queued = new Set(open);
  const entered = new Set<string>();
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    queued.delete(name);
    const passed = splits.get(name) ?? new Set();
    for (const { to } of outgoing.get(name) ?? []) {
      const target = splits.get(to);
      // Around a cycle only the way into it counts.
      if (target === undefined || (cyclic.has(to) && entered.has(to))) continue;
      entered.add(to);
      const before = target.size;
      for (const split of passed) target.add(split);
      if (target.size > before && !queued.has(to)) {
        queued.add(to);
        open.push(to);
      }
    }
  }
  return tasks
    .filter((task) => task.hasJoin)
    .filter((task) =>
      [...(sources.get(task.name) ?? [])].some(
        (from) => !(splits.get(task.name) ?? new Set()).isSubsetOf(splits.get(from) ?? new Set()),
      ),
    )
    .map((task) => ({
      message: `The join task "${task.name}" is unreachable. A join task is determined to be unreachable if there are nested forks from multi-referenced tasks that join on the said task. This is ambiguous to the workflow engine because it does not know at which level should the join occurs.`,
      path: task.path,
    }));
}
