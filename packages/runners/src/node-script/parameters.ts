import type { Parameters } from "@squall/model";

export const PARAMETERS: Parameters = {
  content_version: {
    description: "Git revision of the pack content to use for this run (tag, branch or commit).",
    type: "string",
  },
  debug: {
    description: "Keep the temporary worktree of content_version after the run.",
    type: "boolean",
    default: false,
  },
  env: { description: "Environment variables which will be available to the action.", type: "object" },
  fresh_process: {
    description: "Run in a process of its own that nothing ran in before, instead of a warm one of the pack.",
    type: "boolean",
    default: false,
  },
  log_level: {
    description: "Lowest level of the action's log messages that are written to stderr.",
    type: "string",
    enum: ["AUDIT", "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"],
    default: "DEBUG",
  },
  timeout: {
    description: "Action timeout in seconds. The action is killed if it does not finish in that time.",
    type: "integer",
    default: 600,
  },
};
