import type { Parameters } from "@squall/model";
import { DIRECTORY, REMOTE_PARAMETERS } from "../ssh/parameters.ts";

export const PARAMETERS: Parameters = {
  cmd: { description: "Arbitrary Linux command to be executed on the hosts.", type: "string" },
  ...REMOTE_PARAMETERS,
  dir: { ...DIRECTORY, immutable: true },
};
