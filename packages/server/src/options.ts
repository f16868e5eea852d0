import { delimiter, dirname, join, resolve } from "node:path";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Invalid, messageOf } from "@squall/model";
import { ROLES } from "@squall/engine";
import { HOST_KEY_MODES, type SshOptions } from "@squall/runners";
import type { SensorLimits } from "@squall/sources";
import { EXCHANGE_INDEX, withoutPassword } from "@squall/packs";
import { DEFAULT_SETTINGS } from "./context.ts";
import type { PackageSources } from "@squall/processes";
import { clusterOptions, type ClusterOptions } from "./cluster-options.ts";
import { didYouMean } from "./http/did-you-mean.ts";
import { secretIn } from "./secret-file.ts";
import { newKey } from "./vault-key.ts";

/** The checkout that this file is in. */
export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export interface ServerOptions extends ClusterOptions {
  readonly host: string;
  /** 0 takes a free one, "none" listens nowhere. */
  readonly port: number | "none";
  /** Where actions and people reach the API, without `/v1`; absent: where this process answers. */
  readonly url?: string;
  readonly dataDirectory: string;
  /** `postgres://...`; undefined for the database in the data directory. Holds a password: never log it. */
  readonly store?: string;
  /** Keep the code of packs for other machines. Default: where the store is not this process's alone. */
  readonly shareCode?: boolean;
  /** Holds the key that secrets are sealed with; absent: `encryption.key` in the data directory. */
  readonly keyFile?: string;
  /** Folders whose subfolders are packs, registered at start when they changed. */
  readonly packRoots: readonly string[];
  /** Addresses of indexes of packs, the first goes first. */
  readonly packIndexes: readonly string[];
  readonly bodyLimitBytes: number;
  readonly corsOrigins: readonly string[];
  readonly trustProxy: boolean;
  /** Executions at once that need child processes. */
  readonly processSlots: number;
  /** What differs from `SENSOR_LIMITS`. */
  /** Days for which history is kept; 0: for ever. */
  readonly keepDays: number;
  readonly sensorLimits?: Partial<SensorLimits>;
  /** Where Python packages of packs come from. Addresses may hold credentials. */
  readonly packages: PackageSources;
  /** Address space of each process of an action; undefined: as much as there is. */
  readonly actionMemoryBytes?: number;
  /** IANA name; for timers that name none. */
  readonly timezone: string;
  /** How long a stop waits for what runs. */
  readonly drainMs: number;
  /** A file, or "-" for stderr. */
  readonly logFile: string;
  readonly logLevel: string;
  /** How remote actions sign in to hosts, and which hosts are believed. */
  readonly ssh: SshOptions;
  /** A user who gets a new password at this start. */
  readonly resetPassword?: string;
}

const DEFAULT_PORT = 9101;
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];

interface Flag {
  readonly type: "string" | "boolean";
  readonly multiple?: true;
  /** Also taken from this variable of the environment. */
  readonly variable?: string;
  readonly value?: string;
  readonly help: string;
}

const FLAGS = {
  port: {
    type: "string",
    variable: "SQUALL_PORT",
    value: "PORT",
    help: `where it answers; 0 takes a free one, "none" answers nowhere (default ${DEFAULT_PORT})`,
  },
  host: {
    type: "string",
    variable: "SQUALL_HOST",
    value: "ADDRESS",
    help: "the address it listens on (default 127.0.0.1: this machine alone)",
  },
  data: {
    type: "string",
    variable: "SQUALL_DATA",
    value: "DIR",
    help: "where it keeps its data (default .squall/data of the checkout, .squall/data-PORT for other ports)",
  },
  store: {
    type: "string",
    variable: "SQUALL_STORE",
    value: "URL",
    help: "a PostgreSQL database for the state, postgres://USER@HOST/DATABASE, in place of a file in the data directory; better given as variable, which others cannot see",
  },
  "store-file": {
    type: "string",
    variable: "SQUALL_STORE_FILE",
    value: "FILE",
    help: "a file that holds what --store takes",
  },
  "key-file": {
    type: "string",
    variable: "SQUALL_KEY_FILE",
    value: "FILE",
    help: "the key that secrets are encrypted with, the same for every process of a cluster (default encryption.key in the data directory, made at the first start)",
  },
  "new-key": { type: "boolean", help: "prints a new key for --key-file, and ends" },
  bus: {
    type: "string",
    multiple: true,
    variable: "SQUALL_BUS",
    value: "URL",
    help: "a NATS server, nats://HOST:4222: makes this process one of several on the same --store; may be given several times, with credentials only as variable",
  },
  "bus-file": {
    type: "string",
    variable: "SQUALL_BUS_FILE",
    value: "FILE",
    help: "a file that holds what --bus takes, several with commas or lines between them",
  },
  "bus-ca": {
    type: "string",
    variable: "SQUALL_BUS_CA",
    value: "FILE",
    help: "certificates (PEM) that those of the NATS servers have to be signed by (default: the system's)",
  },
  "bus-cert": {
    type: "string",
    variable: "SQUALL_BUS_CERT",
    value: "FILE",
    help: "the certificate (PEM) that this process shows to NATS servers",
  },
  "bus-key": { type: "string", variable: "SQUALL_BUS_KEY", value: "FILE", help: "the key (PEM) of --bus-cert" },
  "bus-creds": {
    type: "string",
    variable: "SQUALL_BUS_CREDS",
    value: "FILE",
    help: "a NATS credentials file to sign in with",
  },
  roles: {
    type: "string",
    multiple: true,
    variable: "SQUALL_ROLES",
    value: "LIST",
    help: `what this process does in a cluster: ${ROLES.join(",")} (default all)`,
  },
  labels: {
    type: "string",
    multiple: true,
    variable: "SQUALL_LABELS",
    value: "LIST",
    help: "what this worker reaches or has, for actions that ask for it: site=edge,gpu=yes",
  },
  url: {
    type: "string",
    variable: "SQUALL_PUBLIC_URL",
    value: "URL",
    help: "where actions and people reach the API, for example through a proxy (default: where this process answers)",
  },
  packs: {
    type: "string",
    multiple: true,
    variable: "SQUALL_PACKS",
    value: "DIR",
    help: "a folder of packs to register at start, beside the bundled ones; may be given several times",
  },
  "pack-index": {
    type: "string",
    multiple: true,
    variable: "SQUALL_PACK_INDEX",
    value: "URL",
    help: 'an index to find packs in by name; may be given several times; "none" for none (default StackStorm Exchange)',
  },
  workers: {
    type: "string",
    variable: "SQUALL_WORKERS",
    value: "N",
    help: "actions at once that need a process (default: four for each processor)",
  },
  "action-memory": {
    type: "string",
    variable: "SQUALL_ACTION_MEMORY",
    value: "MIB",
    help: "memory that each process of a shell or Python action may ask for (default: as much as there is)",
  },
  keep: {
    type: "string",
    variable: "SQUALL_KEEP",
    value: "DAYS",
    help: "days for which executions and events are kept after they ended; 0 keeps them for ever (default 30)",
  },
  "sensor-rate": {
    type: "string",
    variable: "SQUALL_SENSOR_RATE",
    value: "N",
    help: `events a second that one sensor may dispatch for long (default 200); above it, it waits`,
  },
  "body-limit": {
    type: "string",
    variable: "SQUALL_BODY_LIMIT",
    value: "BYTES",
    help: `the largest request body (default ${DEFAULT_SETTINGS.bodyLimitBytes})`,
  },
  "cors-origin": {
    type: "string",
    multiple: true,
    variable: "SQUALL_CORS_ORIGIN",
    value: "URL",
    help: "an origin whose pages may call the API; may be given several times",
  },
  "trust-proxy": {
    type: "boolean",
    variable: "SQUALL_TRUST_PROXY",
    help: "believe X-Forwarded-For and X-Forwarded-Proto: only behind a proxy that sets them",
  },
  "pip-index": {
    type: "string",
    variable: "SQUALL_PIP_INDEX",
    value: "URL",
    help: "where Python packages of packs come from (default: where pip looks by itself)",
  },
  "pip-extra-index": {
    type: "string",
    multiple: true,
    variable: "SQUALL_PIP_EXTRA_INDEX",
    value: "URL",
    help: "asked beside it; may be given several times",
  },
  wheels: {
    type: "string",
    variable: "SQUALL_WHEELS",
    value: "DIR",
    help: "a folder of wheels; without an index given, packages come from there alone",
  },
  timezone: {
    type: "string",
    variable: "SQUALL_TIMEZONE",
    value: "ZONE",
    help: "of timers that name none (default UTC)",
  },
  drain: {
    type: "string",
    variable: "SQUALL_DRAIN",
    value: "SECONDS",
    help: "how long a stop waits for what runs (default 10)",
  },
  "ssh-user": {
    type: "string",
    variable: "SQUALL_SSH_USER",
    value: "USER",
    help: "whom remote actions log in as when they do not say (default: who runs the server)",
  },
  "ssh-key": {
    type: "string",
    variable: "SQUALL_SSH_KEY",
    value: "FILE",
    help: "the private key of remote actions that bring none (default: those in ~/.ssh, and the SSH agent's)",
  },
  "ssh-config": {
    type: "string",
    variable: "SQUALL_SSH_CONFIG",
    value: "FILE",
    help: "an ssh_config with addresses, users, ports and keys of hosts (default: none)",
  },
  "ssh-known-hosts": {
    type: "string",
    variable: "SQUALL_SSH_KNOWN_HOSTS",
    value: "FILE",
    help: "where the keys of hosts are kept (default known_hosts in the data directory)",
  },
  "ssh-host-keys": {
    type: "string",
    variable: "SQUALL_SSH_HOST_KEYS",
    value: "MODE",
    help: `which hosts are believed: ${HOST_KEY_MODES.join(", ")} (default first-use: the key seen first)`,
  },
  "ssh-parallel": {
    type: "string",
    variable: "SQUALL_SSH_PARALLEL",
    value: "N",
    help: "hosts at once of one remote action (default 50)",
  },
  "ssh-connections": {
    type: "string",
    variable: "SQUALL_SSH_CONNECTIONS",
    value: "N",
    help: "SSH connections at once, used and idle (default 256)",
  },
  "ssh-partial-failure": {
    type: "boolean",
    variable: "SQUALL_SSH_PARTIAL_FAILURE",
    help: "a remote action succeeds when it does on one of its hosts",
  },
  log: {
    type: "string",
    variable: "SQUALL_LOG",
    value: "FILE",
    help: 'where to log; "-" is stderr (default server.log in the data directory)',
  },
  "log-level": {
    type: "string",
    variable: "SQUALL_LOG_LEVEL",
    value: "LEVEL",
    help: `${LEVELS.join(", ")} (default info)`,
  },
  "reset-password": {
    type: "string",
    value: "USER",
    help: "gives this user a new password, which is shown once, for who is locked out",
  },
  help: { type: "boolean", help: "says this" },
} as const satisfies Record<string, Flag>;

export function helpText(): string {
  const lines = Object.entries(FLAGS as Record<string, Flag>).map(([name, flag]) => {
    const left = `  --${name}${flag.value ? ` ${flag.value}` : ""}`;
    return `${left.padEnd(26)}${flag.help}${flag.variable ? ` [${flag.variable}]` : ""}`;
  });
  return `Usage: squall server [options]

Starts Squall: the API, rules, timers and everything that runs, in one process, or (--bus) a part of it in one of many.

Options (or, in brackets, variables of the environment):
${lines.join("\n")}
`;
}

/**
 * Reads the command line and, for what it leaves out, the environment; with `help` it is asked to say something and no more.
 * Throws Invalid that says what is wrong.
 */
export function readOptions(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): { readonly help: true; readonly says: string } | ({ readonly help: false } & ServerOptions) {
  const values = parse(argv);
  if (values.help === true) return { help: true, says: helpText() };
  if (values["new-key"] === true) return { help: true, says: `${newKey()}\n` };
  const text = (name: keyof typeof FLAGS): string | undefined => {
    const given = values[name];
    if (typeof given === "string" && given !== "") return given;
    const flag: Flag = FLAGS[name];
    return (flag.variable && env[flag.variable]) || undefined;
  };
  const list = (name: keyof typeof FLAGS, separator: string | RegExp): string[] => {
    const given = values[name];
    const flag: Flag = FLAGS[name];
    if (Array.isArray(given)) return given as string[];
    return ((flag.variable && env[flag.variable]) || "").split(separator).filter((part) => part !== "");
  };
  const whole = (name: keyof typeof FLAGS, preset: number, least: number, most: number): number => {
    const given = text(name);
    if (given === undefined) return preset;
    if (/^\d{1,12}$/.test(given) && Number(given) >= least && Number(given) <= most) return Number(given);
    throw new Invalid("server.option", {
      message: `--${name} takes a whole number from ${least} to ${most}, not "${given}"`,
    });
  };

  const port = text("port") === "none" ? "none" : whole("port", DEFAULT_PORT, 0, 65_535);
  const folder = port === DEFAULT_PORT ? "data" : `data-${port}`;
  const dataDirectory = resolve(text("data") ?? join(ROOT, ".squall", folder));
  const logLevel = text("log-level") ?? "info";
  if (!LEVELS.includes(logLevel)) {
    throw new Invalid("server.option", {
      message: `--log-level is one of ${LEVELS.join(", ")}, not "${logLevel}"${didYouMean(logLevel, LEVELS)}`,
    });
  }
  const timezone = text("timezone") ?? "UTC";
  try {
    Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    throw new Invalid("server.option", {
      message: `--timezone: there is no time zone "${timezone}"; write it like Europe/Berlin`,
    });
  }
  const packages = packageSources(
    { index: values["pip-index"], extra: values["pip-extra-index"] },
    { index: text("pip-index"), extraIndexes: list("pip-extra-index", " "), wheels: text("wheels") },
  );
  const origins = list("cors-origin", ",");
  const isOn = (name: keyof typeof FLAGS): boolean => {
    const flag: Flag = FLAGS[name];
    return values[name] === true || /^(1|true|yes)$/i.test((flag.variable && env[flag.variable]) || "");
  };
  const log = text("log");
  const resetPassword = text("reset-password");
  const storeFile = text("store-file");
  const store = text("store") ?? (storeFile && secretIn(storeFile, "--store-file"));
  if (store !== undefined && !/^postgres(ql)?:\/\//.test(store)) {
    throw new Invalid("server.option", {
      message: "--store takes the address of a PostgreSQL database: postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    });
  }
  const busFile = text("bus-file");
  const bus = list("bus", ",").flatMap((one) => one.split(","));
  const cluster = clusterOptions({
    bus: bus.length > 0 || busFile === undefined ? bus : secretIn(busFile, "--bus-file").split(/[\s,]+/),
    isBusOnCommandLine: values["bus"] !== undefined,
    ca: text("bus-ca"),
    cert: text("bus-cert"),
    key: text("bus-key"),
    creds: text("bus-creds"),
    roles: list("roles", ",").flatMap((one) => one.split(",")),
    labels: list("labels", ",").flatMap((one) => one.split(",")),
    hasStore: store !== undefined,
  });
  if (port === "none" && cluster.roles.includes("api")) {
    throw new Invalid("server.option", {
      message: "--port none is for processes without the role api: name the others with --roles",
    });
  }
  const keyFile = text("key-file");
  const url = publicUrl(text("url"));
  return {
    help: false,
    ...cluster,
    ...(keyFile !== undefined && { keyFile: resolve(keyFile) }),
    ...(url !== undefined && { url }),
    ...(resetPassword !== undefined && { resetPassword }),
    ...(store !== undefined && { store }),
    host: text("host") ?? "127.0.0.1",
    port,
    dataDirectory,
    packRoots: [join(ROOT, "packs"), ...list("packs", delimiter).map((path) => resolve(path))],
    packIndexes: packIndexes(list("pack-index", ","), values["pack-index"] !== undefined),
    bodyLimitBytes: whole("body-limit", DEFAULT_SETTINGS.bodyLimitBytes, 1, 1024 ** 3),
    corsOrigins: origins.length > 0 ? origins : DEFAULT_SETTINGS.corsOrigins,
    trustProxy: isOn("trust-proxy"),
    keepDays: whole("keep", 30, 0, 36_500),
    ...(text("sensor-rate") !== undefined && {
      sensorLimits: { eventsPerSecond: whole("sensor-rate", 1, 1, 1_000_000) },
    }),
    packages,
    processSlots: whole("workers", availableParallelism() * 4, 1, 10_000),
    ...(text("action-memory") !== undefined && {
      actionMemoryBytes: whole("action-memory", 1, 16, 16_777_216) * 1024 * 1024,
    }),
    timezone,
    drainMs: whole("drain", 10, 0, 86_400) * 1000,
    logFile: log === undefined ? join(dataDirectory, "server.log") : log === "-" ? log : resolve(log),
    logLevel,
    ssh: sshOptions(dataDirectory, text, whole, isOn("ssh-partial-failure")),
  };
}

function publicUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const url = /^https?:\/\//.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  if (url && !url.username && !url.password && !url.search && !url.hash) return url.href.replace(/\/+$/, "");
  throw new Invalid("server.option", {
    message:
      "--url takes the address of the API for others, such as https://squall.example.org, without user and password",
  });
}

function sshOptions(
  dataDirectory: string,
  text: (name: keyof typeof FLAGS) => string | undefined,
  whole: (name: keyof typeof FLAGS, preset: number, least: number, most: number) => number,
  allowPartialFailure: boolean,
): SshOptions {
  const [user, keyFile, configFile] = [text("ssh-user"), text("ssh-key"), text("ssh-config")];
  const given = text("ssh-host-keys") ?? "first-use";
  const hostKeys = HOST_KEY_MODES.find((mode) => mode === given);
  if (hostKeys === undefined) {
    throw new Invalid("server.option", {
      message: `--ssh-host-keys is one of ${HOST_KEY_MODES.join(", ")}, not "${given}"${didYouMean(given, HOST_KEY_MODES)}`,
    });
  }
  return {
    ...(user !== undefined && { user }),
    ...(keyFile !== undefined && { keyFile: resolve(keyFile) }),
    ...(configFile !== undefined && { configFile: resolve(configFile) }),
    knownHostsFile: resolve(text("ssh-known-hosts") ?? join(dataDirectory, "known_hosts")),
    hostKeys,
    parallelHosts: whole("ssh-parallel", 50, 1, 10_000),
    connections: whole("ssh-connections", 256, 1, 10_000),
    allowPartialFailure,
  };
}

function packageSources(
  flags: Readonly<Record<string, unknown>>,
  given: { index: string | undefined; extraIndexes: readonly string[]; wheels: string | undefined },
): PackageSources {
  for (const [which, url] of Object.entries(flags).flatMap(([name, one]) =>
    [one].flat().map((each) => [name, each] as const),
  )) {
    // Whoever can list processes would read them; the message does not repeat them either.
    if (typeof url === "string" && /:\/\/[^/\s]+@/.test(url)) {
      const [flag, variable] =
        which === "index" ? ["--pip-index", "SQUALL_PIP_INDEX"] : ["--pip-extra-index", "SQUALL_PIP_EXTRA_INDEX"];
      throw new Invalid("server.option", {
        message: `${flag} holds credentials, which everybody on this machine can read from the command line; set ${variable} in the environment instead`,
      });
    }
  }
  const { index, extraIndexes, wheels } = given;
  for (const url of [...(index === undefined ? [] : [index]), ...extraIndexes]) {
    if (/^(https?|file):\/\/./.test(url)) continue;
    throw new Invalid("server.option", {
      message:
        "--pip-index and --pip-extra-index take addresses such as https://pypi.example.com/simple; one given is none",
    });
  }
  return {
    ...(index !== undefined && { index }),
    ...(extraIndexes.length > 0 && { extraIndexes }),
    ...(wheels !== undefined && { wheels: resolve(wheels) }),
  };
}

function parse(argv: readonly string[]): Record<string, unknown> {
  // `squall server ...` and `node main.ts ...` are the same.
  const args = argv[0] === "server" ? argv.slice(1) : [...argv];
  try {
    const flags = Object.fromEntries(
      Object.entries(FLAGS as Record<string, Flag>).map(([name, { type, multiple = false }]) => [
        name,
        { type, multiple, ...(name === "help" ? { short: "h" } : {}) },
      ]),
    );
    return parseArgs({ args, options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const unknown = /^Unknown option '--?([\w-]+)/.exec(messageOf(error))?.[1];
    throw new Invalid("server.option", {
      message:
        unknown === undefined
          ? messageOf(error)
          : `there is no option --${unknown}${didYouMean(unknown, Object.keys(FLAGS))} (squall server --help lists them)`,
    });
  }
}

function packIndexes(given: readonly string[], isOnCommandLine: boolean): readonly string[] {
  if (given.length === 0) return [EXCHANGE_INDEX];
  if (isOnCommandLine && given.some((url) => url !== withoutPassword(url))) {
    throw new Invalid("server.option", {
      message:
        "--pack-index holds a password, which everybody on this machine can read from the command line; set SQUALL_PACK_INDEX in the environment instead",
    });
  }
  if (given.length === 1 && given[0] === "none") return [];
  const wrong = given.find((url) => !/^(?:https?|file):\/\//.test(url) || !URL.canParse(url));
  if (wrong === undefined) return given;
  throw new Invalid("server.option", {
    message: `--pack-index takes a URL that begins with https://, http:// or file:///, not "${withoutPassword(wrong)}"`,
  });
}
