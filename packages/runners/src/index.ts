/** What runs actions: the port `Runner` and one folder per runner. */
export type { Job, JobIO, Outcome, Runner } from "./port.ts";
