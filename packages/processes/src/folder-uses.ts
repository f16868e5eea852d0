import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/**
 * Whether any process on the machine was started from a folder, works in it or has it in its environment, as far as the
 * system tells. The system is asked once, at the first question.
 */
export function folderUses(): (folder: string) => boolean {
  let texts: string[] | undefined;
  return (folder) => {
    texts ??= describeProcesses();
    // A system that tells nothing is taken to use everything.
    return (
      texts.length === 0 ||
      texts.some(
        (text) => text.includes(`${folder}/`) || text.includes(`=${folder}\0`) || text.includes(`\0${folder}\0`),
      )
    );
  };
}

function describeProcesses(): string[] {
  const orNothing = (read: () => string): string => {
    try {
      return read();
    } catch {
      return ""; // ended meanwhile, or another user's
    }
  };
  const read = (pid: string, name: string) => orNothing(() => readFileSync(join("/proc", pid, name), "utf8"));
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        const cwd = orNothing(() => readlinkSync(join("/proc", pid, "cwd")));
        return `${read(pid, "cmdline")}\0${read(pid, "environ")}\0${cwd}\0`;
      });
  } catch {
    return [];
  }
}
