import type { Lane } from "./execution.ts";
import type { JsonObject } from "./json.ts";
import type { Micros } from "./time.ts";

/**
 * A process that works on the store, as it says of itself with every beat. It is present while its row is there; what
 * is leased to a worker that is not present is lost.
 */
export interface Member {
  /** Names the process; differs at every start. The `worker` of its leases. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** What it does: `api`, `engine`, `worker`, `sources`. */
  readonly roles: readonly string[];
  /** What its worker can reach. */
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  /** By its own clock. */
  readonly started: Micros;
  /** Where it answers HTTP. */
  readonly url?: string;
  /** How many executions it runs at once; none where it is no worker. */
  readonly slots: Readonly<Record<Lane, number>>;
  /** What it is doing (running, waiting, ...), for people. */
  readonly state: JsonObject;
}
