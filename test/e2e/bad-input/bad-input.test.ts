import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { until } from "../person.ts";
import { freePort, type ServerProcess, startServer } from "../server-process.ts";
import { makeKey, SSHD, startSshd } from "./an-sshd.ts";
import { anOperator, type Operator, type ShownSensor } from "./operator.ts";
import { FLOOD_BYTES, SENSORS, writeBadPacks } from "./packs.ts";
import { more, tracesOf } from "./traces.ts";

/** A folder of packs that are all wrong, and a server with a TMPDIR of its own that has to live with them. */
suite("bad input", { timeout: 240_000, skip: process.platform === "linux" ? false : "/proc is Linux's" }, () => {
  let folder: string;
  let temporary: string;
  let server: ServerProcess;
  let operator: Operator;
  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "squall-bad-")));
    temporary = join(folder, "tmp");
    for (const name of ["tmp", "packs", "wheels", "ssh"]) await mkdir(join(folder, name));
    await writeBadPacks(join(folder, "packs"));
    await brokenVirtualenv(join(folder, "data", "virtualenvs", "broken"));
    server = startServer({
      data: join(folder, "data"),
      args: ["--packs", join(folder, "packs"), "--wheels", join(folder, "wheels")],
      env: { TMPDIR: temporary },
    });
    operator = await anOperator(server);
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const runs = (action: string, parameters?: object) => operator.runs(action, parameters);

  /** Runs an action that fails, and gives what a person reads of why. */
  async function fails(action: string, parameters?: object): Promise<string> {
    const { status, result } = await runs(action, parameters);
    assert.equal(status, "failed", `${action}: ${JSON.stringify(result)}`);
    // Remote actions have a result for each host.
    const said = "127.0.0.1" in result ? (result["127.0.0.1"] as typeof result) : result;
    return [said.error, said.stderr].filter(Boolean).join("\n");
  }

  async function code(language: "py" | "mjs"): Promise<void> {
    const isPython = language === "py";
    const file = (name: string) => join(folder, "packs", "bad", "actions", `${name}_${language}.${language}`);
    const fault = (name: string) => fails(`bad.${name}_${language}`);

    assert.match(
      await fault("import_error"),
      isPython
        ? /import_error_py\.py", line 4, in <module>[^]*No module named 'not_there_at_all'/
        : /Cannot find package 'not-there-at-all' imported from \S*import_error_mjs\.mjs/,
    );
    const syntax = await fault("syntax_error");
    assert.ok(syntax.includes(file("syntax_error")), syntax);
    assert.match(syntax, isPython ? /line 1\n +def run\(:[^]*SyntaxError/ : /mjs:2\n[^]*SyntaxError/);
    const shape = await fault("wrong_class");
    assert.ok(shape.includes(file("wrong_class")), shape);
    assert.match(
      shape,
      isPython ? /needs a subclass of \S+Action with a run method/ : /exports no action.*run as default/,
    );
    assert.match(await fault("no_file"), /nowhere\.\w+ of action bad\.no_file_\w+ does not exist; correct entry_point/);
    assert.match(await fault("crash"), /the process of the action was ended by SIGSEGV/);

    // As in StackStorm it succeeds with text, which is said.
    const noJson = await runs(`bad.no_json_${language}`);
    assert.deepEqual([noJson.status, typeof noJson.result.result], ["succeeded", "string"]);
    assert.match(String(noJson.result.stderr), /^The result is kept as text, since it is no JSON: /);

    const { status, result } = await runs(`bad.any_bytes_${language}`);
    const ascii = String.fromCharCode(...Array(128).keys());
    assert.deepEqual(
      [status, result.stdout, result.stderr],
      ["succeeded", ascii + "\ufffd".repeat(128), "\ufffd(\ufffd\ufffd\ufffd"],
    );

    const flood = (await runs(`bad.flood_${language}`)).result;
    assert.deepEqual([flood.result, flood.exit_code], ["through", 0]);
    assert.ok(String(flood.stdout).length < FLOOD_BYTES / 10);
    assert.match(String(flood.stdout).slice(-200), /\n\[output cut: stdout is longer than 10485760 bytes/);
  }

  /** Both ignore SIGTERM and take the time that it is waited for their end, so all of them at once. */
  async function deaf(): Promise<void> {
    const limited = ["py", "mjs"].map((language) => runs(`bad.stubborn_${language}`));
    const shell = runs("core.local", { cmd: "trap '' TERM; echo deaf; while :; do sleep 1; done", timeout: 4 });
    const canceled = ["py", "mjs"].map(async (language) => {
      const id = await operator.starts(`bad.deaf_${language}`);
      await until("its output", async () => ((await operator.prints(id)).includes("deaf") ? true : undefined));
      await operator.ask("DELETE", `/v1/executions/${id}`);
      return operator.ended(id);
    });
    for (const { status, result } of await Promise.all([...limited, shell])) {
      assert.equal(status, "timeout", JSON.stringify(result));
      assert.equal(String(result.stdout).trim(), "deaf");
      assert.equal(result.error, "Action failed to complete in 4 seconds");
    }
    for (const { status, result } of await Promise.all(canceled)) {
      assert.equal(status, "canceled", JSON.stringify(result));
      assert.equal(result.error, "canceled on request");
    }
  }

  async function virtualenvs(): Promise<void> {
    const unmet = await fails("unmet.good");
    assert.match(unmet, /packs\/unmet\/requirements\.txt of pack "unmet" requires: .* ended with 1:/);
    assert.match(
      unmet,
      /a-package-that-nobody-has==1\.0[^]*correct \S+requirements\.txt, or say where that package is/,
    );
    assert.match(
      await fails("broken.good"),
      /the Python of the virtualenv does not run: \S+\/virtualenvs\/broken\/bin\/python ends with \d+ and says ".*"; remove \S+\/virtualenvs\/broken to have/,
    );
  }

  async function hosts(): Promise<void> {
    if (SSHD === undefined) return;
    const [port, closed] = [await freePort(), await freePort()];
    const key = join(folder, "ssh", "key");
    const remote = (parameters: object) =>
      fails("core.remote", { hosts: "127.0.0.1", cmd: "true", port, private_key: key, ...parameters });
    {
      await using _sshd = await startSshd(SSHD, join(folder, "ssh"), port);
      const wrong = join(folder, "wrong_key");
      makeKey(wrong);
      const denied = await remote({ private_key: wrong });
      assert.match(denied, /127\.0\.0\.1:\d+ does not let \S+ in with the private key \S+\/wrong_key/);
      assert.match(await remote({ private_key: `${key}-of-nobody` }), /key-of-nobody cannot be read: .*Check the path/);
      const { status, result } = await runs("core.remote", { hosts: "127.0.0.1", cmd: "true", port, private_key: key });
      assert.equal(status, "succeeded", JSON.stringify(result));
      // Its connection is kept, and would know no other key.
      assert.match(await remote({ cmd: "kill -9 $PPID; sleep 1" }), /connection to 127\.0\.0\.1:\d+ broke off/);
    }
    assert.match(
      await remote({ port: closed }),
      /127\.0\.0\.1:\d+ refuses the connection: nothing answers on that port/,
    );
    assert.match(await remote({ hosts: "no-such-host.invalid" }), /no-such-host\.invalid:\d+ is not known: /);
    makeKey(join(folder, "ssh", "host_key"));
    await using _changed = await startSshd(SSHD, join(folder, "ssh"), port);
    const changed = await remote({});
    assert.match(
      changed,
      /the key of \S*127\.0\.0\.1\S* has changed: it is ssh-ed25519 SHA256:.*Somebody may be in between/,
    );
    assert.match(changed, /ssh-keygen -f \S+known_hosts -R/);
  }

  async function repositories(): Promise<void> {
    const web = createServer((_, answer) =>
      answer.writeHead(401, { "WWW-Authenticate": 'Basic realm="private"', Connection: "close" }).end(),
    ).listen(0, "127.0.0.1");
    await once(web, "listening");
    await using closing = new AsyncDisposableStack();
    closing.defer(async () => void (await once(web.close(), "close")));
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}/pack`;
    for (const suffix of [".git", ".tar.gz"]) {
      const { execution_id } = await operator.ask<{ execution_id: string }>("POST", "/v1/packs/install", {
        packs: [url + suffix],
      });
      const { status, result } = await operator.ended(execution_id);
      assert.equal(status, "failed");
      const { message } = result.output as { message: string };
      assert.ok(message.startsWith(`The pack "${url}${suffix}" has not been downloaded: `), message);
      assert.match(message, /asks for a login, and nobody can be asked/);
      assert.doesNotMatch(message, /askpass/, "what git tried in vain is nobody's business");
    }
  }

  /** They die again and again all the while; at the end they are stopped, to be counted without them. */
  async function sensors(): Promise<void> {
    const expected: Record<string, RegExp> = {
      DiesAtOnce: /^KeyError: 'no such queue' \(in run\)$/,
      Exits: /^it ended with exit status 3 before it was set up$/,
      ImportError: /^ModuleNotFoundError: No module named 'not_there_at_all' \(in import\)$/,
      WrongClass: /WrongClass\.py has no class WrongClass, which the sensor's metadata names; it defines AnotherName/,
    };
    assert.deepEqual(Object.keys(expected), Object.keys(SENSORS));
    for (const [name, reason] of Object.entries(expected)) {
      const path = `/v1/sensors/bad.${name}`;
      await operator.ask("POST", `${path}/start`);
      const shown = await until(`the failure of sensor ${name}`, async () => {
        const sensor = await operator.ask<ShownSensor>("GET", path);
        return ["failed", "backing-off"].includes(sensor.state) ? sensor : undefined;
      });
      assert.equal(shown.state, name === "DiesAtOnce" ? "backing-off" : "failed");
      assert.match(String(shown.reason), reason);
      await operator.ask("POST", `${path}/stop`);
    }
  }

  /** When nothing runs but what is kept warm. */
  const atRest = () =>
    until("rest", () => {
      const now = tracesOf(server.pid, temporary);
      return now.files.length === 0 && now.processes.every((one) => WARM.test(one)) ? now : undefined;
    });

  /** Each says what is wrong and what to do, and comes to an end. */
  async function everything(): Promise<void> {
    const parts = [code("py"), code("mjs"), deaf(), virtualenvs(), hosts(), repositories(), sensors()];
    // All of them come to an end before anything is said about one.
    await Promise.allSettled(parts);
    await Promise.all(parts);
  }

  test("each fault is told in words, and again; nothing stays behind", async () => {
    await everything();
    const first = await atRest();
    await everything();
    // What is kept warm was there after the first time, and there is no more of it.
    const second = await until("an end of all that came the second time", () => {
      const now = tracesOf(server.pid, temporary);
      return more(first, now).length === 0 ? now : undefined;
    }).catch(() => tracesOf(server.pid, temporary));
    assert.deepEqual(more(first, second), []);
    await atRest();

    server.signal("SIGTERM");
    assert.deepEqual(await server.ended, { code: 0, signal: null }, server.output());
    assert.deepEqual(tracesOf(server.pid, temporary), { descriptors: [], processes: [], files: [] });
  });

  test("a server without Python says so wherever it needs one, and runs the rest", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    for (const program of ["sh", "bash", "git"]) {
      const place = ["/bin", "/usr/bin", "/usr/local/bin"]
        .map((one) => join(one, program))
        .find((one) => existsSync(one));
      if (place !== undefined) await symlink(place, join(bin, program));
    }
    await using bare = startServer({
      data: join(folder, "bare"),
      args: ["--packs", join(folder, "packs")],
      env: { TMPDIR: temporary, PATH: bin },
    });
    const { ask, ended, runs: run } = await anOperator(bare);
    const cure = /cannot start python3\b[^]*; install Python 3\.9 or newer.* and start the server with it on the PATH/;
    for (const action of ["bad.good_py", "unmet.good"]) {
      const { status, result } = await run(action);
      assert.equal(status, "failed");
      assert.match(String(result.error), cure, action);
    }
    const { execution_id } = await ask<{ execution_id: string }>("POST", "/v1/packs/install", { packs: ["jira"] });
    assert.match(JSON.stringify((await ended(execution_id)).result.output), cure);
    const shown = await until("the failure of a sensor", async () => {
      const sensor = await ask<ShownSensor>("GET", "/v1/sensors/bad.DiesAtOnce");
      return sensor.state === "failed" ? sensor : undefined;
    });
    assert.match(String(shown.reason), cure);
    for (const [action, parameters] of [
      ["bad.good_mjs", {}],
      ["core.local", { cmd: "echo well" }],
    ] as const)
      assert.equal((await run(action, parameters)).status, "succeeded", action);
  });
});

const WARM = /fork_server\.py|launcher\/program\.ts|node-script\/host\/program\.ts/;

async function brokenVirtualenv(path: string): Promise<void> {
  await mkdir(join(path, "bin"), { recursive: true });
  await chmod(join(path, "../.."), 0o700);
  await writeFile(join(path, "bin", "python"), "#!/bin/sh\necho 'Could not find platform libraries' >&2\nexit 1\n", {
    mode: 0o755,
  });
}
