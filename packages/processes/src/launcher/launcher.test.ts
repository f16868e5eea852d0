import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { createLauncher } from "./launcher.ts";

const LIMITS = { graceMs: 200, drainMs: 200 };
const isLinux = process.platform === "linux";

function aRequest(
  command: string,
  change: { signal?: AbortSignal; onOutput?: (type: string, text: string) => void } = {},
) {
  return {
    file: "/bin/sh",
    args: ["-c", command],
    environment: { PATH: process.env.PATH ?? "" },
    mark: "launcher-test",
    timeoutMs: 10_000,
    outputBytes: 10_000,
    signal: new AbortController().signal,
    onOutput: () => undefined,
    ...change,
  };
}

test("a run goes through the launcher as it would without: output while it runs, then its end", async () => {
  const launcher = createLauncher();
  const heard: string[] = [];
  const end = await launcher.run(
    aRequest("echo one; echo two >&2; exit 3", { onOutput: (type, text) => heard.push(`${type} ${text}`) }),
    LIMITS,
  );
  assert.deepEqual([end.kind, end.code, end.stdout, end.stderr], ["exited", 3, "one\n", "two\n"]);
  assert.deepEqual(heard.sort(), ["stderr two\n", "stdout one\n"]);
  const many = await Promise.all(Array.from({ length: 20 }, (_, n) => launcher.run(aRequest(`echo ${n}`), LIMITS)));
  assert.deepEqual(
    many.map((one) => one.stdout),
    Array.from({ length: 20 }, (_, n) => `${n}\n`),
  );
});

test("an abort reaches the run, and one that comes first starts nothing", async () => {
  const launcher = createLauncher();
  const controller = new AbortController();
  const started = Promise.withResolvers<void>();
  const run = launcher.run(
    aRequest("echo up; exec sleep 60", { signal: controller.signal, onOutput: () => started.resolve() }),
    LIMITS,
  );
  await started.promise;
  controller.abort();
  assert.equal((await run).kind, "aborted");
  assert.equal((await launcher.run(aRequest("true", { signal: controller.signal }), LIMITS)).kind, "aborted");
});

test("a launcher that dies fails its runs, and the next run has a new one", async () => {
  const launcher = createLauncher();
  const parent = await launcher.run(aRequest("echo $PPID"), LIMITS);
  const started = Promise.withResolvers<void>();
  const run = launcher.run(aRequest("echo up; sleep 0.3", { onOutput: () => started.resolve() }), LIMITS);
  await started.promise;
  process.kill(Number(parent.stdout), "SIGKILL");
  assert.match((await run).error ?? "", /launcher of processes ended/);
  const next = await launcher.run(aRequest("echo $PPID"), LIMITS);
  assert.equal(next.code, 0);
  assert.notEqual(next.stdout, parent.stdout);
});

test("when the server is killed, the launcher ends what runs and itself", {
  skip: !isLinux && "needs /proc",
}, async () => {
  const program = `
    import { createLauncher } from ${JSON.stringify(new URL("./launcher.ts", import.meta.url).href)};
    await createLauncher().run({ file: "/bin/sh", args: ["-c", "echo $PPID $$; exec sleep 60"], environment: { PATH: "/bin:/usr/bin" },
      mark: "launcher-orphan", timeoutMs: 60000, outputBytes: 1000, signal: new AbortController().signal,
      onOutput: (type, text) => process.stdout.write(text) }, { graceMs: 200, drainMs: 200 });`;
  const server = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [text] = (await once(server.stdout, "data")) as [Buffer];
  const pids = text.toString().trim().split(" ");
  assert.equal(pids.length, 2);
  server.kill("SIGKILL");
  await once(server, "exit");
  while (pids.some(isAlive)) await new Promise((resolve) => setImmediate(resolve));
});

function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
}
