/** The nouns of Squall: resource schemas and their types, ids, refs, statuses, times, errors. Pure; no I/O. */
export * from "./accounts.ts";
export * from "./criteria-operators.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./execution.ts";
export * from "./ids.ts";
export * from "./json.ts";
export * from "./key.ts";
export * from "./nearest.ts";
export * from "./parameter-schema.ts";
export * from "./pattern.ts";
export * from "./refs.ts";
export * from "./resources/content.ts";
export * from "./status.ts";
export * from "./time.ts";
export * from "./timer.ts";
export * from "./validate.ts";
