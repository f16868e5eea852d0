import type { Parameters } from "@squall/model";

/** What both remote shell runners take (stackstorm-model 5.1). */
export const REMOTE_PARAMETERS: Parameters = {
  hosts: {
    description:
      "Hosts to run on, with commas between them, such as example1.com,10.0.0.1:2222,[::1]:22. Names or addresses.",
    type: "string",
    required: true,
  },
  username: { description: "User to log in as. If not given, the operator's setting counts.", type: "string" },
  password: { description: "Password to log in with. It goes before a private key.", type: "string", secret: true },
  private_key: {
    description: "Private key to log in with: the key itself, or the path of its file on the server.",
    type: "string",
    secret: true,
  },
  passphrase: { description: "Passphrase of the private key, if it has one.", type: "string", secret: true },
  port: { description: "SSH port, for hosts that name none in the list. If not given, 22.", type: "integer" },
  bastion_host: {
    description: "Host that the connections go through. It is logged in to with the same parameters as the hosts.",
    type: "string",
  },
  cwd: { description: "Working directory on the hosts.", type: "string", default: "/tmp" },
  env: { description: "Environment variables for the command (dictionary of names and values).", type: "object" },
  kwarg_op: {
    description: 'Operator put in front of keyword arguments, such as "--" or "-".',
    type: "string",
    default: "--",
  },
  parallel: {
    description: "Run on several hosts at once instead of on one after the other.",
    type: "boolean",
    default: false,
    immutable: true,
  },
  sudo: { description: "The command is executed with sudo on the hosts.", type: "boolean", default: false },
  sudo_password: {
    description: "Sudo password, for when passwordless sudo is not allowed.",
    type: "string",
    default: null,
    secret: true,
  },
  timeout: {
    description: "Timeout in seconds for each host. What runs there is killed if it does not finish in that time.",
    type: "integer",
    default: 60,
  },
};

export const DIRECTORY: Parameters[string] = {
  description: "Directory on the hosts where the script and its lib folder are copied to, in a folder of their own.",
  type: "string",
  default: "/tmp",
};
