import { checkExpressions, textsIn } from "@squall/expressions";
import { isObject, nearest } from "@squall/model";
import type { Problem } from "../../program.ts";
import { compareNames } from "../graph.ts";
import type { ReadOptions } from "../program.ts";
import { type Outline, outlineOf, type Placed, schemaPathOf, specPath } from "./outline.ts";
import { workflowSchema } from "./schema.ts";
import { checkSemantics } from "./semantics.ts";
import { type Path, validate, type Violation } from "./validate.ts";
import { checkVariables } from "./variables.ts";

/** Everything that is wrong with a workflow, as Orquesta's own inspection finds it, each with its place. */
export function inspectWorkflow(source: unknown, options: ReadOptions): Problem[] {
  const outline = outlineOf(source);
  const place = (path: Path): Pick<Problem, "specPath" | "at"> => {
    const field = specPath(path);
    if (options.locate === undefined) return { specPath: field };
    return { specPath: field, at: { ...options.locate(path), ...(field === null ? {} : { field }) } };
  };
  const problems: Problem[] = [
    ...validate(writtenOut(source), workflowSchema).map((violation) => ({
      category: "syntax" as const,
      message: violation.message,
      schemaPath: violation.schemaPath.join("."),
      ...suggestionFor(violation),
      ...place(violation.path),
    })),
    ...checkSemantics(outline).map(({ path, ...finding }) => ({
      category: "semantics" as const,
      schemaPath: schemaPathOf(path),
      ...finding,
      ...place(path),
    })),
    ...propertiesOf(outline).flatMap(({ path, value }) =>
      [...textsIn(value)].flatMap(checkExpressions).map((problem) => ({
        category: "expressions" as const,
        schemaPath: schemaPathOf(path),
        ...problem,
        ...place(path),
      })),
    ),
    ...checkVariables(outline, options.contextNames ?? []).map(({ path, ...finding }) => ({
      category: "context" as const,
      schemaPath: schemaPathOf(path),
      ...finding,
      ...place(path),
    })),
  ];
  return problems.sort(
    (a, b) =>
      compareNames(a.category, b.category) ||
      compareNames(a.schemaPath, b.schemaPath) ||
      compareNames(a.specPath ?? "", b.specPath ?? ""),
  );
}

/** The workflow with short forms written out, as the schema has them. */
function writtenOut(source: unknown): unknown {
  if (!isObject(source) || !isObject(source.tasks)) return source;
  const tasks = Object.entries(source.tasks).map(([name, task]) => [
    name,
    isObject(task) && typeof task.with === "string" ? { ...task, with: { items: task.with } } : task,
  ]);
  return { ...source, tasks: Object.fromEntries(tasks) as unknown };
}

function suggestionFor({ unknown }: Violation): { suggestion?: string } {
  for (const name of unknown?.names ?? []) {
    const near = nearest(name, unknown?.allowed ?? []);
    if (near !== undefined) return { suggestion: `did you mean '${near}' instead of '${name}'?` };
  }
  return {};
}

/** Every property that may hold expressions; lists of names and values count as one. */
function propertiesOf(outline: Outline): Placed[] {
  const whole = (path: Path, entries: readonly (Placed & { name: string })[]): Placed => ({
    path,
    value: entries.map(({ name, value }) => [name, value]),
  });
  return [
    whole(["input"], outline.input),
    whole(["vars"], outline.vars),
    whole(["output"], outline.output),
    ...[...outline.tasks.values()].flatMap((task) => [
      task.delay,
      task.timeout,
      task.action,
      task.input,
      ...(task.with === undefined ? [] : [task.with.items, task.with.concurrency]),
      ...task.retry,
      ...task.next.flatMap(({ when, publish, publishPath, targetsPath, targets }) => [
        when,
        whole(publishPath, publish),
        { path: targetsPath, value: targets },
      ]),
    ]),
  ];
}
