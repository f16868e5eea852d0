import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Lets programs on this machine find the server, whatever its port. Disposed of, it is found no more. */
export function announce(directory: string, url: string): Disposable {
  const path = join(directory, "server.json");
  writeFileSync(`${path}.new`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
