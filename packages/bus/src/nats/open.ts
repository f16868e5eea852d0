import type { NatsBus, NatsBusOptions } from "./bus.ts";

/**
 * Opens the bus of many processes, over NATS. Resolves whether or not a server answers: without one the bus works for
 * this process alone, and `health` says so.
 *
 * @throws Invalid `bus.address-syntax` or `bus.cluster` when an address or the cluster's name cannot be used
 */
export async function openNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  // The client of NATS takes a third of a second to load, which who does not use it need not wait for.
  const { createNatsBus } = await import("./bus.ts");
  return createNatsBus(options);
}
