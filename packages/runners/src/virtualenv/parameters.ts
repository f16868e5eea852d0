import type { Parameters } from "@squall/model";

export const PARAMETERS: Parameters = {
  timeout: {
    description: "Action timeout in seconds. Action will get killed if it doesn't finish in timeout seconds.",
    type: "integer",
    default: 3600,
  },
};
