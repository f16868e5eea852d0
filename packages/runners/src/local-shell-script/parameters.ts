import type { Parameters } from "@squall/model";
import { SHELL_PARAMETERS } from "../local-shell-cmd/parameters.ts";

export const PARAMETERS: Parameters = {
  ...SHELL_PARAMETERS,
  content_version: {
    description: "Git revision of the pack content to use for this run (tag, branch or commit).",
    type: "string",
  },
  debug: {
    description: "Keep the temporary worktree of content_version after the run.",
    type: "boolean",
    default: false,
  },
};
