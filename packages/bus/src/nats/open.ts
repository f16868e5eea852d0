import type { NatsBus, NatsBusOptions } from "./bus.ts";

/**
 * Opens the bus of many processes, over NATS. Resolves whether or not a server answers: without one the bus works for
 * this process alone, and `health` says so.
 *
 * @throws Invalid `bus.address-syntax`, `bus.cluster`, `bus.credentials` or `bus.tls` when an address, the cluster's
 * name, the credentials or the certificates cannot be used, whatever server it were
 */
export async function openNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  // The client of NATS takes a third of a second to load, which who does not use it need not wait for.
  const { createNatsBus } = await import("./bus.ts");
  return createNatsBus(options);
}
