import { watch } from "node:fs";
import { join } from "node:path";

/** Editors write a file in several steps, and `git checkout` many files: one change, seen once this long is quiet. */
const QUIET_MS = 150;
/** Folders and files whose changes are no content. */
const IGNORED =
  /(?:^|[/\\])(?:\.git|__pycache__|node_modules|\.idea|\.vscode)(?:[/\\]|$)|\.(?:pyc|sw[a-z]|tmp)$|~$|(?:^|[/\\])(?:\.#|4913$)/;

/**
 * Calls `onChange` with the paths that changed below the folders, once it is quiet, one call at a time; what changes
 * during a call leads to another. `whenWatching` is awaited first:
 * from when it is called nothing is missed. Resolves when `signal` aborts. Throws when a folder can no longer be watched.
 */
export async function watchFolders(
  directories: readonly string[],
  signal: AbortSignal,
  onChange: (changed: readonly string[]) => Promise<void>,
  whenWatching: () => Promise<void> = async () => undefined,
): Promise<void> {
  const changed = new Set<string>();
  let wake: () => void = () => undefined;
  let broken: Error | undefined;
  const watchers = directories.map((directory) =>
    watch(directory, { recursive: true }, (_, file) => {
      const path = file === null ? directory : join(directory, file);
      if (file !== null && IGNORED.test(file)) return;
      changed.add(path);
      wake();
    }).on("error", (error) => {
      broken = error;
      wake();
    }),
  );
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await whenWatching();
    while (!signal.aborted) {
      if (broken !== undefined) throw broken;
      if (changed.size === 0) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const before = changed.size;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      if (changed.size !== before) continue;
      const paths = [...changed].sort();
      changed.clear();
      await onChange(paths);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const watcher of watchers) watcher.close();
  }
}
