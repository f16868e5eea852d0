import type { Parameters } from "@squall/model";
import { DIRECTORY, REMOTE_PARAMETERS } from "../ssh/parameters.ts";

export const PARAMETERS: Parameters = { ...REMOTE_PARAMETERS, dir: DIRECTORY };
