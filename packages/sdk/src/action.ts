import type { ActionContext } from "./context.ts";

/** The parameters of an action's metadata by name, and what it may use. What it returns is the execution's result. */
export type ActionFunction<P = Record<string, unknown>, R = unknown, C = Record<string, unknown>> = (
  parameters: P,
  context: ActionContext<C>,
) => R | Promise<R>;

export interface Action<P = Record<string, unknown>, R = unknown> {
  run(parameters: P): R | Promise<R>;
}

/** An action with state of its own: made anew for each execution. */
export type ActionClass<P = Record<string, unknown>, R = unknown, C = Record<string, unknown>> = new (
  context: ActionContext<C>,
) => Action<P, R>;

/**
 * Gives a function its types and changes nothing:
 *
 *     export default defineAction<{ host: string }>(async ({ host }, { log }) => { ... });
 */
export function defineAction<P = Record<string, unknown>, R = unknown, C = Record<string, unknown>>(
  run: ActionFunction<P, R, C>,
): ActionFunction<P, R, C> {
  return run;
}

/** Thrown by an action that failed and has a result nevertheless; any other error fails it with a stack in stderr. */
export class ActionFailed extends Error {
  readonly result: unknown;

  /** `result` is what the execution shows; `message` goes to stderr if it is given. */
  constructor(result: unknown, message = "") {
    super(message);
    this.name = "ActionFailed";
    this.result = result;
  }
}
