// Runs tests as `npm test` does, but on PostgreSQL and NATS: everything that a test opens through the common doors (`anEngine`, `aServer`,
// what starts `squall server` as a process) is a member of a cluster then, with a database of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { say } from "./say.mjs";

/**
 * Gives `work` the environment for tests, with servers that end after it. Where they cannot be had it says why and answers undefined.
 */
export async function onCluster({ root, node, env }, work) {
  // Of its own process group, so that a Ctrl-C does not end the servers under the tests. It ends when its stdin is closed, as it
  // is with this process, however that ends.
  const servers = spawn(node, ["--disable-warning=ExperimentalWarning", join(root, "test/walls/servers.ts")], {
    cwd: root,
    env,
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(servers, "close");
  try {
    const { store, bus, missing } = await announced(servers);
    if (missing !== undefined) {
      say(`skipped: ${missing}`);
      return undefined;
    }
    return await work({
      ...env,
      SQUALL_TEST_STORE: store,
      SQUALL_TEST_BUS: bus,
      SQUALL_TEST_MAIN: join(root, "test/walls/member.ts"),
    });
  } finally {
    servers.stdin.end();
    await closed;
  }
}

async function announced(servers) {
  for await (const line of createInterface({ input: servers.stdout })) return JSON.parse(line);
  throw new Error(
    "PostgreSQL and NATS did not start for the tests; test/walls/servers.ts says why when it is run by itself",
  );
}
