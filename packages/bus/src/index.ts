/** What the parts tell each other, and the bus of one process. */
export type { Bus, Message, Topic } from "./port.ts";
