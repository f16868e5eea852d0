import { existsSync } from "node:fs";
import type { Elevation } from "./kill-tree.ts";

/** What is to be run: text for a shell, or a program with its arguments. */
export type Command = { readonly shellText: string } | { readonly file: string; readonly args: readonly string[] };

export interface Shells {
  /** Runs command texts: bash where there is one, as StackStorm does. */
  readonly full: string;
  /** Starts in about half of bash's time; runs texts that mean the same in both. */
  readonly plain: string;
}

export interface Sudo {
  /** `sudo` parameter of the action: run as root. */
  readonly asRoot: boolean;
  readonly password?: string | undefined;
  /** Run as this user; set when the operator wants another user than the service's. */
  readonly user?: string | undefined;
}

export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  readonly stdin?: string | undefined;
  /** Set when sudo is used: how to signal what it started. */
  readonly elevate?: Elevation | undefined;
}

export function findShells(): Shells {
  const bash = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].find((path) => existsSync(path));
  return { full: bash ?? "/bin/sh", plain: "/bin/sh" };
}

/**
 * The program and arguments that run `command`: through a shell if it is text, through sudo if asked (stackstorm-model
 * 5.2), and under an address-space limit if one is given. A sudo password goes through stdin, never into arguments.
 */
export function commandLine(
  command: Command,
  shells: Shells,
  sudo: Sudo,
  environment: Readonly<Record<string, string>>,
  memoryBytes?: number,
): CommandLine {
  const usesSudo = sudo.asRoot || sudo.user !== undefined;
  let argv: string[];
  if ("shellText" in command) {
    const plain = !usesSudo && isPlain(command.shellText) && environment.BASH_ENV === undefined;
    argv = [plain ? shells.plain : shells.full, "-c", command.shellText];
  } else {
    argv = [command.file, ...command.args];
  }
  const password = sudo.asRoot ? sudo.password : undefined;
  const stdin = password === undefined ? undefined : `${password}\n`;
  const asks = password === undefined ? [] : ["-S", "-p", ""];
  let elevate: Elevation | undefined;
  if (sudo.asRoot) {
    argv = ["sudo", ...asks, "-E", "--", ...argv];
    elevate = { argv: ["sudo", ...(password === undefined ? ["-n"] : asks), "--"], stdin };
  } else if (sudo.user !== undefined) {
    argv = ["sudo", "-E", "-H", "-u", sudo.user, "--", ...argv];
    elevate = { argv: ["sudo", "-n", "-u", sudo.user, "--"] };
  }
  if (memoryBytes !== undefined) {
    const kilobytes = String(Math.max(1, Math.floor(memoryBytes / 1024)));
    argv = [shells.plain, "-c", 'ulimit -v "$0" && exec "$@"', kilobytes, ...argv];
  }
  const [file = shells.plain, ...args] = argv;
  return { file, args, stdin, elevate };
}

/** Words after which sh and bash differ, or which bash alone knows. */
const BASH_WORDS = new Set(
  (
    "alias bind break builtin caller cd command compgen complete compopt continue coproc declare dirs disown do done echo elif else " +
    "enable esac eval exec export fc fg fi for function getopts hash help history if jobs kill let local logout mapfile popd " +
    "printf pushd pwd read readarray readonly return select set shift shopt source suspend test then time times trap type " +
    "typeset ulimit umask unalias unset until wait while ."
  ).split(" "),
);

/**
 * Whether sh and bash run this text alike: one command of plain words, without quotes, expansions, operators, or a
 * builtin that they have different versions of. Such texts (most commands in practice) go to the faster shell.
 */
function isPlain(text: string): boolean {
  const match = /^ *([A-Za-z0-9_./-]+)(?: +[A-Za-z0-9_./:,@%+=-]+)* *$/.exec(text);
  return match !== null && !BASH_WORDS.has(match[1] ?? "");
}
