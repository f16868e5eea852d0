import { createLocalBus, type LocalBusOptions } from "./local/bus.ts";
import { openNatsBus } from "./nats/open.ts";
import type { Bus } from "./port.ts";

/** For tests: the NATS servers that their processes talk over, as `npm run test:cluster` says. Unset: each is alone. */
export const TEST_BUS = process.env.SQUALL_TEST_BUS;

/** For tests: the bus of a process of this cluster. */
export async function aBus(cluster: string, { onError }: LocalBusOptions): Promise<Bus> {
  if (TEST_BUS === undefined) return createLocalBus({ onError });
  return openNatsBus({ urls: [TEST_BUS], cluster, onError, say: () => undefined });
}
