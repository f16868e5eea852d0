import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { MAIN } from "./run-squall.ts";

/**
 * Runs squall on a terminal of its own (Python's pty) and types each answer when its question has been asked.
 * Answers what the terminal showed, and the exit status in the last line.
 */
const ON_A_TERMINAL = `
import os, pty, re, struct, fcntl, termios, sys
answers = sys.argv[1].split("|") if sys.argv[1] else []
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
shown = b""
since = 0
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    shown += chunk
    if answers and re.search(rb": *(\\x1b\\[[0-9;]*[A-Za-z])*$", shown[since:]):
        since = len(shown)
        os.write(fd, answers.pop(0).encode() + b"\\r")
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
print("status", os.waitstatus_to_exitcode(status))
`;

export async function onTerminal(
  home: string,
  answers: readonly string[],
  args: readonly string[],
  env: Record<string, string>,
): Promise<string> {
  const words = ["-c", ON_A_TERMINAL, answers.join("|"), process.execPath, MAIN, ...args];
  const options = { cwd: home, env: { ...env, TERM: "xterm" }, timeout: 30_000 };
  return (await promisify(execFile)("python3", words, options)).stdout;
}
