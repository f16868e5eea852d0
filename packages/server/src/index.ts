/** HTTP: the API of StackStorm's shape, sign-in and the event stream; and the assembly of a whole server. */
export { allow, isAdmin, type ResourceType, type Subject, type Verb } from "./allow.ts";
export { type RunningServer, startServer } from "./assemble.ts";
export { HEALTH_PATHS } from "./http/health.ts";
export { type Method, type Route, route } from "./http/route.ts";
export { readOptions, type ServerOptions } from "./options.ts";
export { ROUTES } from "./routes/table.ts";
