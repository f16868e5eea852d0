import type { Parameters } from "@squall/model";

export const PARAMETERS: Parameters = {
  experimental: {
    description: "Flag to indicate acknowledgment of using experimental features.",
    type: "boolean",
    required: true,
    default: false,
  },
  route: {
    description: "The routing_key used to route the message to consumers. Might be a list of words, delimited by dots.",
    type: "string",
    default: "general",
    minLength: 1,
    maxLength: 255,
  },
};
