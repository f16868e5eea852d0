/** Where events come from: the port `Source` and one folder per kind. */
export type { Emission, Source } from "./port.ts";
