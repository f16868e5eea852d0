/**
 * The typed client of Squall's HTTP API, over the global fetch. `createClient` is the way in; every failure is a
 * `ClientError`. At run time it needs nothing but Node or a browser: from the model it takes types alone.
 */
export type * from "./api-objects.ts";
export {
  type Client,
  type Collection,
  createClient,
  type ExecutionRequest,
  type Listed,
  type SensorProcesses,
  type StreamQuery,
} from "./client.ts";
export { ClientError, type ClientErrorKind } from "./client-error.ts";
export type { StreamEvent, StreamOptions } from "./event-stream.ts";
export { type Call, type ClientOptions, DEFAULT_URL, type Query } from "./transport.ts";
