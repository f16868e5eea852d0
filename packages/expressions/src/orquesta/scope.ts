import { Invalid } from "@squall/model";

/** The task whose expressions are evaluated. `result` is there once it has one. */
export interface CurrentTask {
  readonly id: string;
  readonly route: number;
  readonly result?: unknown;
}

/** What `st2kv` asks for. */
export interface KeyRequest {
  readonly scope: "system" | "user";
  /** Whose key, in the scope `user`. */
  readonly user?: string;
  readonly name: string;
  /** Whether the plain text of a secret is wanted. */
  readonly decrypt: boolean;
}

/**
 * What a workflow's expressions may ask beside its variables. What these functions throw, unless it is an
 * `ExpressionFault`, reaches the caller of the evaluation unchanged: throw "I need this first", fetch it, evaluate again.
 */
export interface WorkflowFunctions {
  readonly task?: CurrentTask | undefined;
  /** The item of a with-items task; absent outside of one. */
  readonly item?: unknown;
  /** The status of a task as seen from a route; undefined when it has not been started there. */
  readonly statusOf?: (taskId: string, route: number) => string | undefined;
  /** The record of the latest execution of a task as seen from a route. */
  readonly recordOf?: (taskId: string, route: number) => Readonly<Record<string, unknown>> | undefined;
  /** A key's value; undefined when there is no such key. */
  readonly readKey?: (request: KeyRequest) => { readonly value: unknown } | undefined;
  /** The time in milliseconds since 1970 and a number from 0 to 1, for the functions that need them. */
  readonly now?: () => number;
  readonly random?: () => number;
  /**
   * Whether texts that come out of expressions are evaluated again, as Orquesta does: whoever can put a text into an input
   * or a result can then run expressions. @default false
   */
  readonly reevaluate?: boolean;
}

export type Variables = Readonly<Record<string, unknown>>;

/** An expression that could not be evaluated. `type` is Orquesta's name for it, which its error entries begin with. */
export class ExpressionError extends Invalid {
  readonly type: "YaqlEvaluationException" | "JinjaEvaluationException";
  /** The name the original's innermost exception has, such as `KeyError`. */
  readonly kind: string;
  constructor(type: ExpressionError["type"], kind: string, message: string, cause?: unknown) {
    super("expression.failed", { message, cause });
    this.type = type;
    this.kind = kind;
  }
}

/** What a function of this file refuses; each language turns it into its own kind of error. */
export class ExpressionFault extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** One evaluation's surroundings: variables and functions. */
export class Scope {
  readonly variables: Variables;
  readonly functions: WorkflowFunctions;
  #visible: Variables | undefined;
  constructor(variables: Variables, functions: WorkflowFunctions) {
    this.variables = variables;
    this.functions = functions;
  }

  /** `ctx()`: all variables but those that begin with two underscores. */
  get visible(): Variables {
    if (this.#visible !== undefined) return this.#visible;
    const hidden = Object.keys(this.variables).some(isPrivate);
    this.#visible = hidden
      ? Object.fromEntries(Object.entries(this.variables).filter(([name]) => !isPrivate(name)))
      : this.variables;
    return this.#visible;
  }

  ctx(key: unknown): unknown {
    if (key === undefined || key === null || key === "" || key === false || key === 0) return this.visible;
    if (typeof key !== "string" || !Object.hasOwn(this.variables, key)) {
      throw new ExpressionFault("VariableUndefinedError", `The variable "${String(key)}" is undefined.`);
    }
    if (isPrivate(key)) {
      throw new ExpressionFault(
        "VariableInaccessibleError",
        `The variable "${key}" is for internal use and inaccessible.`,
      );
    }
    return this.variables[key];
  }

  item(key: unknown): unknown {
    const { item } = this.functions;
    if (key === undefined || key === null || key === "") return item ?? null;
    if (typeof item !== "object" || item === null || Array.isArray(item)) {
      throw new ExpressionFault("ExpressionEvaluationException", "Item is not type of collections.abc.Mapping.");
    }
    if (typeof key !== "string" || !Object.hasOwn(item, key)) {
      throw new ExpressionFault("ExpressionEvaluationException", `Item does not have key "${String(key)}".`);
    }
    return (item as Record<string, unknown>)[key];
  }

  /** The current task, where there is one. */
  current(): CurrentTask {
    if (this.functions.task === undefined) {
      throw new ExpressionFault("ExpressionEvaluationException", "The current task is not set in the context.");
    }
    return this.functions.task;
  }

  result(): unknown {
    return this.current().result ?? null;
  }

  statusOfCurrent(): string | undefined {
    const { id, route } = this.current();
    return this.functions.statusOf?.(id, route);
  }

  /** The text `null` for a task that was not started, as in Orquesta. */
  taskStatus(id: unknown, route: unknown): string {
    return this.functions.statusOf?.(String(id), this.#route(route)) ?? "null";
  }

  taskRecord(id: unknown, route: unknown): unknown {
    const name = id === undefined || id === null ? this.current().id : String(id);
    const record = this.functions.recordOf?.(name, this.#route(route));
    if (record === undefined) {
      throw new ExpressionFault("ExpressionEvaluationException", `Unable to find task execution for "${name}".`);
    }
    return record;
  }

  #route(route: unknown): number {
    return typeof route === "number" ? route : (this.functions.task?.route ?? 0);
  }

  st2kv(key: unknown, decrypt: unknown, preset: { readonly value: unknown } | undefined): unknown {
    if (typeof key !== "string") throw new ExpressionFault("TypeError", "Given key is not typeof string.");
    if (typeof decrypt !== "boolean") throw new ExpressionFault("TypeError", "Decrypt parameter is not typeof bool.");
    const user = userOf(this.variables);
    if (user === undefined) throw new ExpressionFault("KeyError", "Could not get user from context.");
    const system = key.startsWith("system.");
    const found = this.functions.readKey?.(
      system
        ? { scope: "system", name: key.slice("system.".length), decrypt }
        : { scope: "user", user, name: key, decrypt },
    );
    if (found !== undefined) return found.value;
    if (preset !== undefined) return preset.value;
    throw new ExpressionFault(
      "ExpressionEvaluationException",
      `The key "${key}" does not exist in the StackStorm datastore.`,
    );
  }
}

function userOf(variables: Variables): string | undefined {
  const { st2 } = variables;
  const user = typeof st2 === "object" && st2 !== null ? (st2 as Record<string, unknown>).user : undefined;
  return typeof user === "string" ? user : undefined;
}

const isPrivate = (name: string): boolean => name.startsWith("__");

/**
 * Which route's entry of a task is meant from `route`: its own, else the highest route before it whose branches are all
 * among its own (orquesta-and-expressions 9, `task_status`).
 */
export function routeSeenFrom(
  route: number,
  pathOf: (route: number) => readonly string[] | undefined,
  has: (route: number) => boolean,
): number | undefined {
  if (has(route)) return route;
  const path = new Set(pathOf(route));
  for (let earlier = route - 1; earlier >= 0; earlier--) {
    if (pathOf(earlier)?.every((branch) => path.has(branch)) && has(earlier)) return earlier;
  }
  return undefined;
}
