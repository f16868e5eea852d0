/** The loop: events, rules, executions; the only caller of `store.commit`. */
export type * from "./engine.ts";
