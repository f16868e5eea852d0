import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Invalid, messageOf } from "@squall/model";
import type { StorePlace } from "@squall/store";
import { didYouMean } from "../http/did-you-mean.ts";
import { ROOT } from "../options.ts";
import { secretIn } from "../secret-file.ts";
import { KEY } from "./backup.ts";

interface Flag {
  readonly type: "string" | "boolean";
  readonly value?: string;
  readonly variable?: string;
  readonly help: string;
}

const DATA: Flag = {
  type: "string",
  variable: "SQUALL_DATA",
  value: "DIR",
  help: "the server's data directory (default .squall/data of the checkout)",
};
const STORE: Flag = {
  type: "string",
  variable: "SQUALL_STORE",
  value: "URL",
  help: "its PostgreSQL database, where it has one; better given as variable, which others cannot see",
};
const STORE_FILE: Flag = {
  type: "string",
  variable: "SQUALL_STORE_FILE",
  value: "FILE",
  help: "a file that holds what --store takes",
};
const HELP: Flag = { type: "boolean", help: "says this" };

interface Program {
  readonly usage: string;
  readonly about: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples: readonly string[];
}

/** The commands that work on an installation itself and not through its API. */
export const PROGRAMS = {
  backup: {
    usage: "squall backup FILE [options]",
    about: `Writes a whole installation into one file: rows, encryption key, installed packs and configurations. The server may be running.
Whoever has the file can read every secret in it, unless the key is left out.`,
    flags: {
      data: DATA,
      store: STORE,
      "store-file": STORE_FILE,
      "key-file": {
        type: "string",
        variable: "SQUALL_KEY_FILE",
        value: "FILE",
        help: `the encryption key (default ${KEY} in the data directory)`,
      },
      "without-key": { type: "boolean", help: "leaves the key out; keep it elsewhere" },
      help: HELP,
    },
    examples: ["squall backup /backups/squall-$(date +%F).tar.gz --data /var/lib/squall"],
  },
  restore: {
    usage: "squall restore FILE [options]",
    about: "Brings an installation back from a backup, whole or not at all. No server may be running on it.",
    flags: {
      data: DATA,
      store: { ...STORE, help: "an empty PostgreSQL database for the rows, in place of a file in the data directory" },
      "store-file": STORE_FILE,
      force: { type: "boolean", help: "moves what is in the data directory aside" },
      check: { type: "boolean", help: "reads the backup and holds it to its sums, and restores nothing" },
      help: HELP,
    },
    examples: [
      "squall restore /backups/squall-2026-01-31.tar.gz --data /var/lib/squall",
      "squall restore /backups/squall-2026-01-31.tar.gz --check",
    ],
  },
  "migrate-store": {
    usage: "squall migrate-store --to URL|DIR [options]",
    about: `Moves an installation's rows from a file to PostgreSQL, or back: every table, read back and compared before it counts. The source
stays as it is. No server may be running on either.`,
    flags: {
      to: {
        type: "string",
        variable: "SQUALL_TO",
        value: "URL|DIR",
        help: "an empty database postgres://USER@HOST/DATABASE, or a data directory without squall.db; with a password better given as variable",
      },
      data: { ...DATA, help: "the data directory with the file that the rows come from (default .squall/data)" },
      store: { ...STORE, help: "the PostgreSQL database that the rows come from, in place of a file" },
      "store-file": STORE_FILE,
      help: HELP,
    },
    examples: [
      "SQUALL_TO=postgres://squall:PASSWORD@db.example.org/squall squall migrate-store --data /var/lib/squall",
    ],
  },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

export function helpOf(name: ProgramName): string {
  const { usage, about, flags, examples }: Program = PROGRAMS[name];
  const lines = Object.entries(flags).map(([flag, { value, help, variable }]) => {
    const left = `  --${flag}${value ? ` ${value}` : ""}`;
    return `${left.padEnd(22)}${help}${variable ? ` [${variable}]` : ""}`;
  });
  return `Usage: ${usage}\n\n${about}\n\nOptions (or, in brackets, variables of the environment):\n${lines.join("\n")}\n\nExamples:\n${examples.map((one) => `  $ ${one}`).join("\n")}\n`;
}

/** What was given, whatever the program. */
export interface OperateOptions {
  readonly file: string | undefined;
  readonly dataDirectory: string;
  readonly store: StorePlace;
  readonly storeUrl: string | undefined;
  readonly to: StorePlace | undefined;
  readonly keyFile: string | undefined;
  readonly force: boolean;
  readonly check: boolean;
}

/** Throws Invalid `server.option` that says what is wrong. */
export function readOperateOptions(
  name: ProgramName,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): { readonly help: true } | ({ readonly help: false } & OperateOptions) {
  const { values, positionals } = parse(name, argv);
  if (values["help"] === true) return { help: true };
  const flags: Readonly<Record<string, Flag>> = PROGRAMS[name].flags;
  const text = (flag: string): string | undefined => {
    const given = values[flag];
    if (typeof given === "string" && given !== "") return given;
    const variable = flags[flag]?.variable;
    return (variable && env[variable]) || undefined;
  };
  const wantsFile = name !== "migrate-store";
  const [file, ...more] = positionals;
  if (wantsFile !== (file !== undefined) || more.length > 0) {
    throw wrong(wantsFile ? `name one file: ${PROGRAMS[name].usage}` : `"${file}" is one word too many`);
  }
  const dataDirectory = resolve(text("data") ?? join(ROOT, ".squall", "data"));
  const storeFile = text("store-file");
  const storeUrl = text("store") ?? (storeFile && secretIn(storeFile, "--store-file"));
  if (storeUrl !== undefined && !isPostgres(storeUrl)) {
    throw wrong("--store takes the address of a PostgreSQL database: postgres://USER:PASSWORD@HOST:PORT/DATABASE");
  }
  const to = text("to");
  if (name === "migrate-store" && to === undefined) throw wrong(`--to is missing: ${PROGRAMS[name].usage}`);
  return {
    help: false,
    file,
    dataDirectory,
    storeUrl,
    store: storeUrl === undefined ? { directory: dataDirectory } : { url: storeUrl },
    to: to === undefined ? undefined : isPostgres(to) ? { url: to } : { directory: resolve(to) },
    keyFile: values["without-key"] === true ? undefined : resolve(text("key-file") ?? join(dataDirectory, KEY)),
    force: values["force"] === true,
    check: values["check"] === true,
  };
}

function isPostgres(text: string): boolean {
  return /^postgres(ql)?:\/\//.test(text);
}

function parse(name: ProgramName, argv: readonly string[]) {
  const flags: Readonly<Record<string, Flag>> = PROGRAMS[name].flags;
  const options = Object.fromEntries(
    Object.entries(flags).map(([flag, { type }]) => [flag, { type, ...(flag === "help" ? { short: "h" } : {}) }]),
  );
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    const unknown = /^Unknown option '--?([\w-]+)/.exec(messageOf(error))?.[1];
    throw wrong(
      unknown === undefined
        ? messageOf(error)
        : `there is no option --${unknown}${didYouMean(unknown, Object.keys(flags))} (squall ${name} --help lists them)`,
    );
  }
}

function wrong(message: string): Invalid {
  return new Invalid("server.option", { message });
}
