/** What a pack's JavaScript and TypeScript actions import as `@squall/sdk`. */
export { type Action, type ActionClass, ActionFailed, type ActionFunction, defineAction } from "./action.ts";
export { type ActionContext, createContext, type ExecutionFacts } from "./context.ts";
export { createDatastore, type Datastore, type KeyOptions } from "./datastore.ts";
export { createLog, type Log, LOG_LEVELS, type LogLevel } from "./log.ts";
