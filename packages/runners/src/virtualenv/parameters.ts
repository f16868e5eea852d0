import type { Parameters } from "@squall/model";

export const PARAMETERS: Parameters = {
  env: {
    description: "Environment variables for what installs packages, such as https_proxy or PIP_INDEX_URL.",
    type: "object",
  },
  timeout: {
    description: "Action timeout in seconds. Action will get killed if it doesn't finish in timeout seconds.",
    type: "integer",
    default: 3600,
  },
};
