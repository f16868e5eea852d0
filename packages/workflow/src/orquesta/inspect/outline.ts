import { isObject } from "@squall/model";
import { targetsOf } from "../definition.ts";
import { inlineParameters } from "../inline-parameters.ts";
import type { Path } from "./validate.ts";

/** A value of the definition and where it stands. */
export interface Placed {
  readonly path: Path;
  readonly value: unknown;
}

export interface OutlineTransition {
  readonly when: Placed;
  /** Names and values in order, each with its own place. */
  readonly publish: readonly (Placed & { readonly name: string })[];
  readonly publishPath: Path;
  readonly targetsPath: Path;
  readonly targets: readonly string[];
}

export interface OutlineTask {
  readonly name: string;
  readonly path: Path;
  readonly hasAction: boolean;
  readonly hasJoin: boolean;
  readonly with: { readonly items: Placed; readonly concurrency: Placed } | undefined;
  readonly delay: Placed;
  readonly timeout: Placed;
  readonly action: Placed;
  readonly input: Placed;
  readonly retry: readonly Placed[];
  readonly next: readonly OutlineTransition[];
}

/** As much of a workflow as can be made out, however wrong the rest of it is: what the checks beside the schema look at. */
export interface Outline {
  readonly input: readonly (Placed & { readonly name: string })[];
  readonly vars: readonly (Placed & { readonly name: string })[];
  readonly output: readonly (Placed & { readonly name: string })[];
  readonly tasks: ReadonlyMap<string, OutlineTask>;
}

export function outlineOf(source: unknown): Outline {
  const root = isObject(source) ? source : {};
  return {
    input: entriesOf(root.input, ["input"]),
    vars: entriesOf(root.vars, ["vars"]),
    output: entriesOf(root.output, ["output"]),
    tasks: new Map(
      Object.entries(isObject(root.tasks) ? root.tasks : {}).map(([name, task]) => [
        name,
        taskOf(name, isObject(task) ? task : {}),
      ]),
    ),
  };
}

function taskOf(name: string, source: Readonly<Record<string, unknown>>): OutlineTask {
  const path = ["tasks", name];
  const at = (key: string, value = source[key]): Placed => ({ path: [...path, key], value });
  const { action } = source;
  const inline = typeof action === "string" ? inlineParameters(action) : [];
  const given = typeof source.input === "string" ? inlineParameters(source.input) : [];
  const shortWith = typeof source.with === "string" ? { items: source.with } : source.with;
  const withItems = isObject(shortWith)
    ? {
        items: { path: [...path, "with", "items"], value: shortWith.items },
        concurrency: { path: [...path, "with", "concurrency"], value: shortWith.concurrency },
      }
    : undefined;
  const retry = isObject(source.retry) ? source.retry : {};
  return {
    name,
    path,
    hasAction: action !== undefined && action !== null && action !== "",
    hasJoin: source.join !== undefined && source.join !== null,
    with: source.with === undefined || source.with === null ? undefined : withItems,
    delay: at("delay"),
    timeout: at("timeout"),
    action: at("action", inline.length > 0 ? null : action),
    input: at(
      "input",
      inline.length > 0 ? Object.fromEntries(inline) : given.length > 0 ? Object.fromEntries(given) : source.input,
    ),
    retry: ["when", "count", "delay"].map((key) => ({ path: [...path, "retry", key], value: retry[key] })),
    next: (Array.isArray(source.next) ? source.next : []).map((transition, i) =>
      transitionOf(isObject(transition) ? transition : {}, [...path, "next", i]),
    ),
  };
}

function transitionOf(source: Readonly<Record<string, unknown>>, path: Path): OutlineTransition {
  const publishPath = [...path, "publish"];
  return {
    when: { path: [...path, "when"], value: source.when },
    publish:
      typeof source.publish === "string"
        ? inlineParameters(source.publish).map(([name, value], i) => ({ name, value, path: [...publishPath, i] }))
        : entriesOf(source.publish, publishPath),
    publishPath,
    targetsPath: [...path, "do"],
    targets:
      typeof source.do === "string" || Array.isArray(source.do) ? targetsOf(source.do, "a transition") : ["continue"],
  };
}

function entriesOf(source: unknown, path: Path): (Placed & { name: string })[] {
  if (!Array.isArray(source)) return [];
  return source.flatMap((entry, i) => {
    const at = [...path, i];
    if (typeof entry === "string") return [{ name: entry, value: null, path: at }];
    return isObject(entry) ? Object.entries(entry).map(([name, value]) => ({ name, value, path: at })) : [];
  });
}

/** `tasks.t1.next[0].do`; null for the root. */
export const specPath = (path: Path): string | null =>
  path.length === 0
    ? null
    : path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");

const TASK = "properties.tasks.patternProperties.^\\w+$";

/** The path through the schema of a place in a definition, positions left out where the schema has no names for them. */
export function schemaPathOf(path: Path): string {
  const [first, , ...rest] = path;
  if (first !== "tasks" || path.length < 2) return `properties.${String(first)}`;
  let out = TASK;
  for (const [i, part] of rest.entries()) {
    if (typeof part === "number") out += rest[i - 1] === "next" ? ".items" : "";
    else out += `.properties.${part}`;
  }
  return out;
}
