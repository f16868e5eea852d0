import type { Parameters } from "@squall/model";

/** What is asked unless the action says otherwise (stackstorm-model 5.1). */
const YES_OR_NO = {
  title: "response_data",
  type: "object",
  properties: {
    continue: { type: "boolean", description: "Would you like to continue the workflow?", required: true },
  },
};

export const PARAMETERS: Parameters = {
  schema: {
    description: "JSON schema of the answer.",
    type: "object",
    required: true,
    default: YES_OR_NO,
  },
  route: {
    description: "Where the question is to be shown: rules on core.st2.generic.inquiry tell questions apart by it.",
    type: "string",
    default: "",
  },
  roles: {
    description: "Who has one of these roles may answer; everybody when there are none.",
    type: "array",
    items: { type: "string" },
    default: [],
  },
  users: {
    description: "Users who may answer; everybody when there are none.",
    type: "array",
    items: { type: "string" },
    default: [],
  },
  ttl: {
    description: "Minutes to wait for an answer; 0 is for ever.",
    type: "integer",
    required: true,
    default: 1440,
  },
};
