import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readOptions, type ServerOptions } from "./options.ts";

function read(argv: readonly string[], env: NodeJS.ProcessEnv = {}): ServerOptions {
  const options = readOptions(argv, env);
  assert.ok(!options.help);
  return options;
}

test("package indexes come from options or the environment", () => {
  assert.deepEqual(read([]).packages, {});
  assert.deepEqual(
    read(["--pip-index", "https://a.example/simple", "--pip-extra-index", "https://b.example", "--wheels", "/w"])
      .packages,
    { index: "https://a.example/simple", extraIndexes: ["https://b.example"], wheels: "/w" },
  );
  const env = {
    SQUALL_PIP_INDEX: "https://me:secret@a.example",
    SQUALL_PIP_EXTRA_INDEX: "https://b.example file:///c",
  };
  assert.deepEqual(read([], env).packages, {
    index: "https://me:secret@a.example",
    extraIndexes: ["https://b.example", "file:///c"],
  });
});

test("credentials of an index on the command line are refused, and not repeated", () => {
  for (const [flag, variable] of [
    ["--pip-index", "SQUALL_PIP_INDEX"],
    ["--pip-extra-index", "SQUALL_PIP_EXTRA_INDEX"],
  ] as const) {
    assert.throws(
      () => read([flag, "https://me:secret@a.example"]),
      (error: Error) => error.message.includes(`set ${variable}`) && !error.message.includes("secret"),
    );
  }
  assert.throws(() => read(["--pip-index", "a.example"]), /take addresses such as/);
});

test("without --bus a process does everything; with it, it says what it does and has", () => {
  assert.deepEqual(read([]).roles, ["api", "engine", "worker", "sources"]);
  assert.equal(read([]).bus, undefined);
  const member = read(["--roles", "worker,api", "--labels", "site=edge,gpu=yes"], {
    SQUALL_BUS: "nats://ann:secret@one:4222,nats://two:4222",
    SQUALL_STORE: "postgres://db/squall",
    SQUALL_KEY_FILE: "/etc/squall.key",
  });
  assert.deepEqual(member.roles, ["api", "worker"]);
  assert.deepEqual(member.labels, { site: "edge", gpu: "yes" });
  assert.deepEqual(member.bus, { urls: ["nats://ann:secret@one:4222", "nats://two:4222"] });
  assert.equal(member.keyFile, "/etc/squall.key");
});

test("options of a cluster that cannot be are refused with what to do", () => {
  const store = ["--store", "postgres://db/squall"];
  const bus = [...store, "--bus", "nats://one:4222"];
  for (const [argv, expected] of [
    [["--roles", "api,worker"], /leaves out engine, sources.*--bus/],
    [[...bus, "--roles", "wroker"], /no role "wroker"; did you mean "worker"\?/],
    [["--bus", "nats://one:4222"], /PostgreSQL.*--store/],
    [[...store, "--bus", "http://one"], /nats:\/\/nats\.example\.org:4222/],
    [[...store, "--bus-ca", "/ca.pem"], /name these with --bus/],
    [[...bus, "--bus-cert", "/cert.pem"], /--bus-key belong together/],
    [[...bus, "--bus-ca", "/not/there.pem"], /--bus-ca: the file \/not\/there\.pem cannot be read/],
    [[...bus, "--labels", "site"], /key=value.*"site" is none/],
    [[...bus, "--labels", "site=a b"], /"site=a b" is none/],
    [[...bus, "--labels", `site=${"x".repeat(64)}`], /up to 63/],
    [[...bus, "--labels", "a=1,a=2"], /"a" twice/],
    [["--port", "none"], /--port none is for processes without the role api/],
    [["--url", "squall.example.org"], /--url takes the address/],
  ] as const) {
    assert.throws(() => read(argv), { code: "server.option", message: expected });
  }
  assert.throws(
    () => read([...store, "--bus", "nats://ann:secret@one:4222"]),
    (error: Error) => error.message.includes("set SQUALL_BUS") && !error.message.includes("secret"),
  );
});

test("addresses that hold passwords come from files, too, and options go before files", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "squall-options-"));
  t.after(() => rm(folder, { recursive: true }));
  const [store, bus] = [join(folder, "store"), join(folder, "bus")];
  await writeFile(store, "postgres://squall:secret@db/squall\n");
  await writeFile(bus, "nats://squall:secret@n1:4222\nnats://squall:secret@n2:4222\n");
  const env = { SQUALL_STORE_FILE: store, SQUALL_BUS_FILE: bus };
  const options = read([], env);
  assert.equal(options.store, "postgres://squall:secret@db/squall");
  assert.deepEqual(options.bus?.urls, ["nats://squall:secret@n1:4222", "nats://squall:secret@n2:4222"]);
  assert.equal(read(["--store", "postgres://other/squall"], env).store, "postgres://other/squall");
  assert.throws(
    () => read(["--store-file", join(folder, "nothing")]),
    /--store-file: the file .*nothing cannot be read/,
  );
});
