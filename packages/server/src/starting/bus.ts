import { type Bus, createLocalBus, openNatsBus } from "@squall/bus";
import type { Log } from "../log.ts";
import type { ServerOptions } from "../options.ts";

/** How members of the installation talk: over NATS where that is given, else inside this process. */
export async function openBus({ bus }: Pick<ServerOptions, "bus">, installation: string, log: Log): Promise<Bus> {
  const onError = (error: unknown, message: { readonly topic: string }) =>
    log.error({ err: error, topic: message.topic }, "a listener of the bus failed");
  if (bus === undefined) return createLocalBus({ onError });
  const { urls, ca, certificate, credentials } = bus;
  return openNatsBus({
    urls,
    cluster: installation,
    ...((ca !== undefined || certificate) && { tls: { ...(ca !== undefined && { ca }), ...certificate } }),
    ...(credentials !== undefined && { credentials: { kind: "creds", text: credentials } as const }),
    onError,
    say: (level, details, text) => log[level](details, text),
  });
}
