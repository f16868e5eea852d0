import type { Micros } from "@squall/model";

/** What rules need of the expression languages; `@squall/expressions` satisfies it. */
export interface Languages {
  /** Compiles a JSONPath query to a function that gives the values it finds, in order. Throws when it is none. */
  jsonpath(query: string): (value: unknown) => readonly unknown[];
  /** Renders a template; one that is a single expression keeps the type of its value. */
  renderNative(template: string, context: Record<string, unknown>): unknown;
  isTemplate(text: string): boolean;
}

/** What patterns may refer to besides the event. */
export interface MatchContext {
  /** `st2kv`, `system` and the like; `trigger` and `item` are added by the matcher. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** What `timediff_*` counts from. */
  readonly now: Micros;
}
