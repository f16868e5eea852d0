import { randomBytes } from "node:crypto";

/** Text for a remote shell, and what it reads from stdin. */
export interface RemoteCommand {
  /** Given to the host's `exec`: the same for every run but for the mark, so that process lists show nothing. */
  readonly exec: string;
  readonly stdin: string;
  /** Stands at the start of a line of stdout, before the number of the process that leads the run. */
  readonly mark: string;
}

export interface RemoteSudo {
  readonly password?: string | undefined;
}

/** What is run on a host. */
export interface RemoteRun {
  /** Text for a shell: bash where there is one, as StackStorm's users write it. */
  readonly shellText: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly sudo?: RemoteSudo | undefined;
}

/** Where the run's mark stands in the environment of its processes. */
const MARK = "SQUALL_RUN";

/**
 * The login shell may be any (csh, fish): it only gets words in single quotes, without a backslash, `!` or newline. What
 * follows reads one line from stdin and runs it, so that neither commands nor variables nor secrets stand in arguments,
 * which all users of the host can see.
 */
function bootstrap(mark: string): string {
  const inner = `echo ${mark} $$; IFS= read -r squall; eval "$(printf %b "$squall")"`;
  return `exec /bin/sh -c 'command -v bash >/dev/null 2>&1 && exec bash -c "$0"; exec /bin/sh -c "$0"' '${inner}'`;
}

/** Text as a shell's word, whatever it holds. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_./:,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One line from which `printf %b` makes the text again. */
function onOneLine(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

/** Runs text in the host's shell. With sudo the text becomes an argument of sudo's, which writes it to its own log. */
export function remoteCommand(run: RemoteRun): RemoteCommand {
  const mark = newMark();
  const variables = { ...run.environment, [MARK]: mark };
  const lines = [
    "unset squall",
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`),
    `cd -- ${quote(run.cwd)} || exit`,
  ];
  const password = run.sudo?.password;
  if (run.sudo === undefined) lines.push(run.shellText);
  else {
    // A sudo that asks for no password leaves it on stdin: the command must not read it there.
    const text = password === undefined ? run.shellText : `exec </dev/null\n${run.shellText}`;
    lines.push(`exec ${sudoWords(run.sudo)} -E -- "$(command -v bash || echo /bin/sh)" -c ${quote(text)}`);
  }
  return { exec: bootstrap(mark), stdin: stdinOf(lines, password), mark };
}

/**
 * Sends a signal to every process of a run and prints how many there were; signal 0 only counts. They are found by the
 * leader's process group, by descent from it, and, where the host has /proc, by the mark in their environment. Without a
 * leader (its number had not come yet) the mark alone counts: a group 0 or 1 would be the whole machine. What the signal
 * itself comes from, up to the host's first process, is never among them. Parents mostly come before their children, and so
 * do not start others for those that have gone.
 */
export function signalCommand(
  run: { readonly mark: string; readonly leader: number | undefined; readonly sudo?: RemoteSudo | undefined },
  signal: "TERM" | "KILL" | "0",
): RemoteCommand {
  const script = `
own=$$
table=$(ps -A -o pid= -o ppid= -o pgid= 2>/dev/null || ps -o pid,ppid,pgid)
marked=$(grep -la -e '${MARK}=${run.mark}' /proc/[0-9]*/environ 2>/dev/null | sed -e 's,^/proc/,,' -e 's,/environ$,,')
all=$(printf '%s\\n' "$table" | awk -v lead=${isLeader(run.leader) ? run.leader : 0} -v own="$own" -v marked="$(echo $marked)" '
  $1 ~ /^[0-9]+$/ { parent[$1] = $2; if (lead + 0 > 1 && ($1 == lead || $3 == lead)) is[$1] = 1 }
  END {
    for (p = own; p + 0 > 1 && !(p in above); p = parent[p]) above[p] = 1
    count = split(marked, more, " ")
    for (n = 1; n <= count; n++) is[more[n]] = 1
    do { grown = 0; for (p in parent) if (!(p in is) && (parent[p] in is) && !(parent[p] in above)) { is[p] = 1; grown = 1 } } while (grown)
    for (p in is) if (p + 0 > 1 && !(p in above)) print p
  }' | sort -n | while read -r p; do
  case "$(ps -o stat= -p "$p" 2>/dev/null)" in Z*) continue ;; esac
  kill -${signal} "$p" 2>/dev/null && echo "$p"
done)
set -- $all
echo "$#"
`;
  const lines = run.sudo === undefined ? [script] : [`exec ${sudoWords(run.sudo)} -- /bin/sh -c ${quote(script)}`];
  const mark = newMark();
  return { exec: bootstrap(mark), stdin: stdinOf(lines, run.sudo?.password), mark };
}

/** A number that a process of ours can have: not the host's first one, and not what stands for "every process". */
function isLeader(leader: number | undefined): leader is number {
  return leader !== undefined && Number.isSafeInteger(leader) && leader > 1;
}

function sudoWords({ password }: RemoteSudo): string {
  return password === undefined ? "sudo -n" : "sudo -S -p ''";
}

function stdinOf(lines: readonly string[], password: string | undefined): string {
  return `${onOneLine(lines.join("\n"))}\n${password === undefined ? "" : `${password}\n`}`;
}

function newMark(): string {
  return `squall-${randomBytes(12).toString("hex")}`;
}
