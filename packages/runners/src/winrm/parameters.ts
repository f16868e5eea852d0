import type { Parameters } from "@squall/model";

/** What all WinRM runners take (stackstorm-model 5.1). */
const SHARED: Parameters = {
  host: { description: "Host to execute the command or script on.", type: "string", required: true },
  username: {
    description: "User to log in as: a user of the host, DOMAIN\\user, or user@domain.",
    type: "string",
    required: true,
  },
  password: { description: "Password to log in with.", type: "string", required: true, secret: true },
  cwd: { description: "Working directory where the command or script is executed in.", type: "string" },
  env: { description: "Environment variables for the command (dictionary of names and values).", type: "object" },
  kwarg_op: {
    description: 'Operator put in front of keyword arguments, such as "-" or "/".',
    type: "string",
    default: "-",
  },
  port: {
    description: "Port of WinRM: 5986 is HTTPS, 5985 always HTTP.",
    type: "integer",
    default: 5986,
  },
  scheme: { description: "Scheme of the host's address: https or http.", type: "string", default: "https" },
  timeout: {
    description: "Action timeout in seconds. The action is killed if it does not finish in that time.",
    type: "integer",
    default: 60,
  },
  transport: {
    description: "How to sign in. basic, plaintext (basic over http), ssl (basic over https) and ntlm are spoken here.",
    type: "string",
    default: "ntlm",
    enum: ["basic", "certificate", "credssp", "kerberos", "ntlm", "plaintext", "ssl"],
  },
  verify_ssl_cert: {
    description: "The certificate of a https host has to be trusted.",
    type: "boolean",
    default: true,
  },
};

export const COMMAND_PARAMETERS: Parameters = {
  cmd: { description: "Arbitrary Command Prompt command to be executed on the remote host.", type: "string" },
  ...SHARED,
};

export const POWERSHELL_PARAMETERS: Parameters = {
  cmd: { description: "Arbitrary PowerShell command to be executed on the remote host.", type: "string" },
  ...SHARED,
};

export const SCRIPT_PARAMETERS: Parameters = SHARED;
