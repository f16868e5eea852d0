import type { Parameters } from "@squall/model";

/** What both local shell runners take. */
export const SHELL_PARAMETERS: Parameters = {
  cwd: { description: "Working directory where the command is executed in.", type: "string" },
  env: { description: "Environment variables for the command (dictionary of names and values).", type: "object" },
  kwarg_op: {
    description: 'Operator put in front of keyword arguments, such as "--" or "-".',
    type: "string",
    default: "--",
  },
  sudo: { description: "The command is executed with sudo.", type: "boolean", default: false },
  sudo_password: {
    description: "Sudo password, for when passwordless sudo is not allowed.",
    type: "string",
    default: null,
    secret: true,
  },
  timeout: {
    description: "Action timeout in seconds. The action is killed if it does not finish in that time.",
    type: "integer",
    default: 60,
  },
};

export const PARAMETERS: Parameters = {
  cmd: { description: "Arbitrary Linux command to be executed on the local host.", type: "string" },
  ...SHELL_PARAMETERS,
};
