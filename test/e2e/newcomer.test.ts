import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { isCompleted } from "@squall/model";
import { aPerson, type Person, type Typed, until } from "./person.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** What the API shows of an execution, as far as it is looked at here. */
interface Shown {
  readonly id: string;
  readonly status: string;
  readonly result: { readonly stdout: string };
}

interface ShownKey {
  readonly name: string;
  readonly value: string;
}

/** What a newcomer does, in the order in which they do it, with what the programs print. */
suite("a newcomer", { timeout: 240_000 }, () => {
  let person: Person;
  let server: ServerProcess;
  let url: string;
  let data: string;
  before(async () => {
    person = await aPerson();
    data = join(person.folder, "data");
    server = startServer({ data });
    url = await server.answers();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });

  /** Types a line that has to work. */
  async function types(line: string): Promise<Typed> {
    const typed = await person.types(line, { SQUALL_URL: url });
    assert.equal(typed.status, 0, `${line}\n${typed.stdout}${typed.stderr}`);
    return typed;
  }

  /** What a line prints as JSON. The caller names its shape, which the test then holds it to. */
  const json = async <T>(line: string) => JSON.parse((await types(`${line} --json`)).stdout) as T;
  const execution = (id: string) => json<Shown>(`bin/squall execution get ${id}`);
  const executions = (options = "") => json<Shown[]>(`bin/squall execution list ${options}`);
  const keys = (options = "") => json<ShownKey[]>(`bin/squall key list ${options}`);

  /** The newest execution of the action once it has ended, when there are `count` of them. */
  const executed = (action: string, count: number) =>
    until(`${count} executions of ${action}`, async () => {
      const all = await executions(`--action ${action}`);
      const newest = all.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0];
      if (all.length < count || !newest || !isCompleted(newest.status)) return undefined;
      return execution(newest.id);
    });

  const incident = async () => {
    const [key] = await keys("--prefix incident:");
    return JSON.parse(key?.value ?? "{}") as { status?: string; closed_at?: string };
  };

  /** As the README of the pack shows it. */
  const send = (payload: string) =>
    types(
      `curl -sS -o /dev/null -w '%{http_code}' -H "St2-Api-Key: $(bin/squall apikey create --only-key)" ` +
        `-H 'Content-Type: application/json' --data-binary @packs/examples/payloads/${payload} ${url}/v1/webhooks/alertmanager`,
    );

  test("pastes the three printed lines, and an incident is opened", async () => {
    const [, printed = ""] = await server.printed(/another terminal\.\n\n((?: {2}\S.*\n){3})/);
    const lines = printed.trim().split(/\n */);
    assert.equal(lines.length, 3);
    const [login, post, list] = lines as [string, string, string];
    const signedIn = await types(login);
    assert.match(signedIn.stdout + signedIn.stderr, /admin/);
    assert.equal((await types(post)).stdout, "202\n");
    assert.match((await types(list)).stdout, /examples\.track_incident/);
    const { status, result } = await executed("examples.track_incident", 1);
    assert.equal(status, "succeeded", JSON.stringify(result));
    assert.match(result.stdout, /^incident:\w+ opened: Hypervisors in eu-1 do not answer \(2 of 2 alerts firing\)/);
    assert.equal((await incident()).status, "open");
  });

  test("sends what Alertmanager sends next, and the incident is closed", async () => {
    assert.equal((await send("alertmanager-partly-resolved.json")).stdout, "202");
    assert.match((await executed("examples.track_incident", 2)).result.stdout, / updated: /);
    assert.equal((await send("alertmanager-resolved.json")).stdout, "202");
    assert.match((await executed("examples.track_incident", 3)).result.stdout, / closed: /);
    const { status, closed_at } = await incident();
    assert.equal(status, "closed");
    assert.ok(closed_at);
  });

  test("lets GitHub in by its signature, and nobody without", async () => {
    await types("printf example-webhook-secret | bin/squall key set github_webhook_secret --encrypt");
    const post = (payload: string) =>
      types(
        `${payload} | curl -sS -o /dev/null -w '%{http_code}' -H @packs/examples/payloads/github-push.headers ` +
          `--data-binary @- ${url}/v1/webhooks/github`,
      );
    assert.equal((await post("sed s/Ada/Eve/ packs/examples/payloads/github-push.json")).stdout, "401");
    assert.equal((await post("cat packs/examples/payloads/github-push.json")).stdout, "202");
    const { status, result } = await executed("examples.record_push", 1);
    assert.equal(status, "succeeded", JSON.stringify(result));
    assert.match(result.stdout, /^ada-example pushed to example-cloud\/heat-templates main\n/);
    assert.equal((await executions("--action examples.record_push")).length, 1);
  });

  test("runs a command, sees what it prints, and gets its failure as an exit status", async () => {
    const failed = await person.types("bin/squall run core.local cmd='echo hi; exit 3'", { SQUALL_URL: url });
    assert.equal(failed.status, 3, failed.stderr);
    assert.match(failed.stdout, /^hi$/m);
    assert.match((await types("bin/squall run core.local cmd='echo hi'")).stdout, /^hi$/m);
  });

  test("cancels what runs, and every process of it is gone", async () => {
    const file = join(person.folder, "pids");
    const cmd = `sleep 301 & echo $! >> ${file}; (sleep 302 & echo $! >> ${file}; wait) & echo $$ >> ${file}; wait`;
    const started = await json<Shown>(`bin/squall run core.local cmd='${cmd}' --async`);
    const pids = await until("the processes", () => {
      const lines = linesOf(file);
      return lines.length === 3 ? lines : undefined;
    });
    assert.ok(pids.every(isAlive), "they run");
    await types(`bin/squall execution cancel ${started.id}`);
    await until("their end", () => (pids.some(isAlive) ? undefined : true));
    const ended = await until("the cancellation", async () => {
      const now = await execution(started.id);
      return now.status === "canceling" ? undefined : now;
    });
    assert.equal(ended.status, "canceled");
  });

  test("starts a second server beside it, which knows nothing of the first", async () => {
    await using other = startServer({ data: join(person.folder, "other") });
    const otherUrl = await other.answers();
    const [, password] = await other.printed(/^ +password +(\S+)/m);
    const line = `echo '${password}' | bin/squall login admin --password-stdin && bin/squall execution list --json`;
    const typed = await person.types(line, { SQUALL_URL: otherUrl });
    assert.equal(typed.status, 0, typed.stderr);
    assert.deepEqual(JSON.parse(typed.stdout.slice(typed.stdout.indexOf("["))), []);
    assert.equal((await fetch(`${url}/health`)).status, 200);
    other.signal("SIGTERM");
    assert.deepEqual(await other.ended, { code: 0, signal: null });
  });

  test("stops it and starts it again: no password, the same login, and everything is there", async () => {
    const shown = async () => ({
      executions: (await executions()).map((one) => [one.id, one.status]),
      keys: (await keys()).map((one) => [one.name, one.value]),
    });
    const before = await shown();
    assert.ok(before.executions.length >= 7, JSON.stringify(before));
    server.signal("SIGTERM");
    assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output());
    const began = performance.now();
    server = startServer({ data, port: Number(new URL(url).port) });
    assert.equal(await server.answers(), url);
    const took = performance.now() - began;
    assert.equal((await fetch(`${url}/health`)).status, 200, "it answers when it says so");
    const [, said = ""] = await server.printed(/started in (\d+) ms/);
    assert.ok(Number(said) <= took, `it says ${said} ms and took ${took}`);
    await server.printed(/execution list\n/);
    assert.doesNotMatch(server.output(), /password +\S+ +shown|registering packs/);
    const now = await shown();
    // The timer of the examples may have fired meanwhile.
    const isOld = ([id]: string[]) => before.executions.some(([old]) => old === id);
    assert.deepEqual({ ...now, executions: now.executions.filter(isOld) }, before);
  });
});

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

/** Not counting one that ended and only waits for its parent to look. */
function isAlive(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
