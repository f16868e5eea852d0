import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** `npm run test:cluster` puts another in its place, which makes it a member of a cluster. */
const SERVER = process.env.SQUALL_TEST_MAIN ?? fileURLToPath(new URL("../../../server/src/main.ts", import.meta.url));

/** The true server on a free port with an empty store, as a process of its own; stopped with the test. */
export async function startServer(
  t: TestContext,
  home: string,
  ...more: readonly string[]
): Promise<{ url: string; password: string }> {
  const args = [SERVER, "--port", "0", "--data", join(home, "data"), ...more];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], cwd: home });
  t.after(async () => {
    if (server.exitCode !== null) return;
    server.kill("SIGTERM");
    await once(server, "exit");
  });
  let printed = "";
  const started = Promise.withResolvers<{ url: string; password: string }>();
  // Listened to until its end: a server whose stdout is closed under it has reason to complain.
  server.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
    const url = /answers at (http:\/\/[\w.:]+)/.exec(printed)?.[1];
    const password = /password +(\S+)/.exec(printed)?.[1];
    if (url && password) started.resolve({ url, password });
  });
  server.on("exit", () => started.reject(new Error(`the server ended: ${printed}`)));
  return await started.promise;
}
