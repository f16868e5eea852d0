import { Invalid, isObject } from "@squall/model";
import { inlineParameters } from "./inline-parameters.ts";

/** Names that may be targets of a transition but not tasks: commands to the conductor. */
export const COMMANDS = ["continue", "noop", "fail", "retry"] as const;
export type EngineCommand = "continue" | "noop" | "fail";
export const isEngineCommand = (name: string): name is EngineCommand =>
  name === "continue" || name === "noop" || name === "fail";

export type Named = readonly [name: string, value: unknown];

export interface Transition {
  readonly when: string | undefined;
  readonly publish: readonly Named[];
  /** Names of tasks and commands; `continue` when none are given. */
  readonly targets: readonly string[];
}

export interface WithItems {
  /** The text of the items as written, for messages. */
  readonly text: string;
  readonly names: readonly string[];
  readonly items: string;
  readonly concurrency: unknown;
}

export interface Retry {
  readonly when: string | undefined;
  readonly count: unknown;
  readonly delay: unknown;
}

export interface TaskDefinition {
  readonly name: string;
  readonly action: string | null;
  readonly input: unknown;
  readonly with: WithItems | undefined;
  readonly join: "all" | number | undefined;
  readonly delay: unknown;
  /** Seconds that the whole task may take: an extension of ours. */
  readonly timeout: unknown;
  readonly retry: Retry | undefined;
  readonly next: readonly Transition[];
}

/** A workflow's text, read once: short forms written out, inline parameters taken apart. */
export interface Definition {
  readonly input: readonly { readonly name: string; readonly preset: unknown }[];
  readonly vars: readonly Named[];
  readonly output: readonly Named[];
  readonly tasks: ReadonlyMap<string, TaskDefinition>;
}

/**
 * Reads what is well-formed enough to run. Whoever has not inspected a workflow gets an error for the first thing that
 * cannot be understood. @throws Invalid
 */
export function readDefinition(source: unknown): Definition {
  if (!isObject(source)) throw malformed("the workflow", "a mapping");
  if (!isObject(source.tasks)) throw malformed("'tasks'", "a mapping of task names to tasks");
  return {
    input: list(source.input, "'input'").map((entry) => {
      if (typeof entry === "string") return { name: entry, preset: null };
      const [name, preset] = named(entry, "an entry of 'input'");
      return { name, preset };
    }),
    vars: list(source.vars, "'vars'").map((entry) => named(entry, "an entry of 'vars'")),
    output: list(source.output, "'output'").map((entry) => named(entry, "an entry of 'output'")),
    tasks: new Map(Object.entries(source.tasks).map(([name, task]) => [name, readTask(name, task)])),
  };
}

function readTask(name: string, source: unknown): TaskDefinition {
  const what = `the task '${name}'`;
  if (!/^\w+$/.test(name)) throw malformed(`the name of ${what}`, "made of letters, digits and underscores");
  if (!isObject(source)) throw malformed(what, "a mapping");
  const { join } = source;
  if (join !== undefined && join !== null && join !== "all" && typeof join !== "number") {
    throw malformed(`'join' of ${what}`, "'all' or a number");
  }
  const { action, input } = readAction(source.action, source.input, what);
  return {
    name,
    action,
    input,
    with: readWith(source.with, what),
    join: join ?? undefined,
    delay: source.delay,
    timeout: source.timeout,
    retry: readRetry(source.retry, what),
    next: list(source.next, `'next' of ${what}`).map((entry) => readTransition(entry, what)),
  };
}

/** A task's action and input with inline parameters taken apart. @throws Invalid */
export function readAction(action: unknown, input: unknown, what: string): { action: string | null; input: unknown } {
  if (action !== undefined && action !== null && typeof action !== "string")
    throw malformed(`'action' of ${what}`, "a text");
  const inline = typeof action === "string" ? inlineParameters(action) : [];
  if (typeof action === "string" && inline.length > 0) {
    return { action: action.slice(0, action.indexOf(" ")), input: Object.fromEntries(inline) };
  }
  if (typeof input === "string") {
    const parameters = inlineParameters(input);
    return { action: action ?? null, input: parameters.length > 0 ? Object.fromEntries(parameters) : input };
  }
  return { action: action ?? null, input: input ?? null };
}

function readWith(source: unknown, what: string): WithItems | undefined {
  if (source === undefined || source === null) return undefined;
  const given = typeof source === "string" ? { items: source } : source;
  if (!isObject(given) || typeof given.items !== "string") {
    throw malformed(`'with' of ${what}`, "an expression, or a mapping with 'items'");
  }
  const text = given.items.trim();
  // The first ` in ` counts, even one inside of an expression: name the item where an expression has one.
  const cut = text.indexOf(" in ");
  return {
    text: given.items,
    names: cut < 0 ? [] : text.slice(0, cut).replaceAll(" ", "").split(","),
    items: cut < 0 ? text : text.slice(cut + 4).trim(),
    concurrency: given.concurrency ?? null,
  };
}

function readRetry(source: unknown, what: string): Retry | undefined {
  if (source === undefined || source === null) return undefined;
  if (!isObject(source)) throw malformed(`'retry' of ${what}`, "a mapping");
  return {
    when: typeof source.when === "string" ? source.when : undefined,
    count: source.count,
    delay: source.delay ?? null,
  };
}

function readTransition(source: unknown, what: string): Transition {
  if (!isObject(source)) throw malformed(`an entry of 'next' of ${what}`, "a mapping");
  const { when, publish } = source;
  return {
    when: typeof when === "string" ? when : undefined,
    publish:
      typeof publish === "string"
        ? inlineParameters(publish)
        : list(publish, `'publish' of ${what}`).map((entry) => named(entry, `an entry of 'publish' of ${what}`)),
    targets: targetsOf(source.do, what),
  };
}

/** The names in a transition's `do`. */
export function targetsOf(source: unknown, what: string): string[] {
  const names =
    typeof source === "string"
      ? source.split(",").map((name) => name.trim())
      : list(source, `'do' of ${what}`).map(String);
  const targets = names.filter((name) => name !== "");
  return targets.length === 0 ? ["continue"] : targets;
}

function list(source: unknown, what: string): readonly unknown[] {
  if (source === undefined || source === null) return [];
  if (!Array.isArray(source)) throw malformed(what, "a list");
  return source;
}

/** Only the first pair of a mapping counts, as in Orquesta; inspection refuses more. */
function named(entry: unknown, what: string): Named {
  const pair = isObject(entry) ? Object.entries(entry)[0] : undefined;
  if (pair === undefined) throw malformed(what, "a mapping of one name to its value");
  return pair;
}

const malformed = (what: string, wanted: string): Invalid =>
  new Invalid("workflow.malformed", {
    message: `${what} is not ${wanted}; 'squall workflow inspect' lists everything that is wrong`,
  });
