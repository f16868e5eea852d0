/** What the parts tell and ask each other: the bus of one process, and that of many over NATS. */
export { createLocalBus, type LocalBusOptions } from "./local/bus.ts";
export { type Nats as TestNats, startNats, startNatsCluster, whyNoNats } from "./nats/a-nats.ts";
export type { NatsCredentials } from "./nats/address.ts";
export type { ArtifactLimits } from "./nats/artifacts.ts";
export type { NatsBus, NatsBusOptions } from "./nats/bus.ts";
export { openNatsBus } from "./nats/open.ts";
export type { NatsTls } from "./nats/sign-in.ts";
export type { Answer, Artifacts, Bus, Message, RequestOptions, Topic } from "./port.ts";
// For tests, in other rooms as well.
export { aBus, TEST_BUS } from "./a-bus.ts";
