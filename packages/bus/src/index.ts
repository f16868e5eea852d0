/** What the parts tell each other, and the bus of one process. */
export { createLocalBus, type LocalBusOptions } from "./local/bus.ts";
export type { Bus, Message, Topic } from "./port.ts";
