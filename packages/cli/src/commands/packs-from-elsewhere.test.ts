import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { onTerminal } from "../testing/on-terminal.ts";
import { emptyHome, environmentOf, runSquall } from "../testing/run-squall.ts";
import { startServer } from "../testing/true-server.ts";

async function signedIn(t: TestContext) {
  const home = emptyHome();
  const index = join(home, "index.json");
  writeFileSync(
    index,
    JSON.stringify({
      packs: {
        offered: {
          ref: "offered",
          name: "offered",
          version: "1.0.0",
          author: "A",
          description: "Is offered.",
          repo_url: "https://example.org/x",
        },
      },
    }),
  );
  const { url, password } = await startServer(t, home, "--pack-index", `file://${index}`);
  const squall = (args: readonly string[], stdin = "") => runSquall(home, args, { url, stdin });
  const ended = await squall(["login", "admin", "--password-stdin"], `${password}\n`);
  assert.equal(ended.status, 0, ended.stderr);
  return { home, url, squall, env: environmentOf(home, { url }) };
}

test("a new pack is registered without a problem, installed from its folder, configured, run, packed, removed", async (t) => {
  const { home, squall, env } = await signedIn(t);
  const made = await squall(["pack", "create", "greeter", "--author", 'A "B": c']);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /greeter\/tests\/test_action_greet\.py\n/);
  assert.equal((await squall(["pack", "create", "greeter"])).status, 1);
  assert.equal((await squall(["pack", "create", "Greeter!"])).status, 2);
  const tested = await squall(["pack", "test", "./greeter"]);
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout + tested.stderr, /Ran 2 tests|2 passed/);
  const registered = await squall(["pack", "register", "./greeter"]);
  assert.equal(registered.status, 0, registered.stderr);
  assert.equal(registered.stdout, "registered greeter: 1 action, 1 rule\n");
  const removed = await squall(["pack", "remove", "greeter"]);
  assert.equal(removed.status, 0, removed.stderr);
  assert.match(removed.stderr, /✓ unload_packs .*\n.*✓ delete_packs/s);
  assert.ok(existsSync(join(home, "greeter/pack.yaml")), "the folder stays");

  // What no pack should carry stays at home: git's files, compiled Python, sockets; names of any length go along.
  const long = `${"deep/".repeat(25)}${"long".repeat(30)}.txt`;
  mkdirSync(join(home, "greeter", ...long.split("/").slice(0, -1)), { recursive: true });
  writeFileSync(join(home, "greeter", long), "x");
  writeFileSync(join(home, "greeter/actions/old.pyc"), "x");
  mkdirSync(join(home, "greeter/.git"));
  writeFileSync(join(home, "greeter/.git/config"), "x");
  symlinkSync("README.md", join(home, "greeter/LIESMICH.md"));
  const installed = await squall(["pack", "install", "./greeter"]);
  assert.equal(installed.status, 0, installed.stderr);
  assert.match(installed.stdout, /^ref +name +description +version +author/);
  for (const task of ["download_pack", "get_pack_dependencies", "register_pack"]) {
    assert.match(installed.stderr, new RegExp(`✓ ${task} `));
  }
  const there = join(home, "data/packs/greeter");
  assert.ok(existsSync(join(there, long)) && existsSync(join(there, "LIESMICH.md")));
  assert.ok(!existsSync(join(there, ".git")) && !existsSync(join(there, "actions/old.pyc")));

  const asked = await onTerminal(home, ["Servus", "y"], ["pack", "config", "greeter"], env);
  assert.match(asked, /What people are greeted with\. \(string\) \[Hello\]: /);
  assert.match(asked, /configured greeter/);
  assert.equal((await squall(["run", "greeter.greet", "name=Ada"])).stdout, "Servus, Ada!\n");

  execFileSync("tar", ["-C", home, "-czf", join(home, "packed.tar.gz"), "greeter"]);
  const again = await squall(["pack", "install", "./packed.tar.gz", "--json"]);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(JSON.parse(again.stdout)[0].ref, "greeter");
  assert.equal(again.stderr, "");
  assert.equal((await squall(["pack", "remove", "greeter"])).status, 0);
  assert.ok(!existsSync(there));
});

test("search, show and install say what there is and what went wrong", async (t) => {
  const { home, squall } = await signedIn(t);
  assert.match((await squall(["pack", "search", "OFFERED"])).stdout, /^offered +offered +Is offered\. +1\.0\.0 +A$/m);
  const shown = await squall(["pack", "show", "offered"]);
  assert.match(shown.stdout, /repo_url.*https:\/\/example\.org\/x/);
  assert.match(shown.stderr, /not installed: squall pack install offered/);
  assert.equal((await squall(["pack", "show", "nothing"])).status, 1);
  const unknown = await squall(["pack", "install", "nothing"]);
  assert.equal(unknown.status, 1);
  assert.match(
    unknown.stderr,
    /✗ download_pack .*installing failed: The pack "nothing" has not been downloaded: No record of the "nothing" pack in the index\./s,
  );
  const empty = await squall(["pack", "install", "./data"]);
  assert.match(empty.stderr, /\.\/data is no pack: there is no pack\.yaml in it/);
  assert.match((await squall(["pack", "install", "./missing.zip"])).stderr, /there is no folder or archive/);
  mkdirSync(join(home, "broken"));
  writeFileSync(join(home, "broken/pack.yaml"), "name: broken\n");
  assert.match(
    (await squall(["pack", "install", "./broken"])).stderr,
    /pack\.yaml:1:1: 'version' is a required property/,
  );
  const core = await squall(["pack", "remove", "core"]);
  assert.equal(core.status, 1);
  assert.match(core.stderr, /system level packs/);
  assert.match(
    (await squall(["pack", "remove", "nothing"])).stderr,
    /removing failed: The pack "nothing" is not unloaded/,
  );
});

test("a configuration with objects, lists, choices and secrets: asked for, given, and never shown", async (t) => {
  const { home, squall, env } = await signedIn(t);
  await squall(["pack", "create", "cloud"]);
  writeFileSync(
    join(home, "cloud/config.schema.yaml"),
    `region: {type: string, enum: [eu, us], required: true}
retries: {type: integer, default: 3}
verify: {type: boolean}
token: {type: string, secret: true, required: true}
hosts: {type: array, items: {type: string}}
proxy:
  type: object
  properties:
    host: {type: string, required: true}
    password: {type: string, secret: true}
accounts:
  type: array
  items: {type: object, properties: {name: {type: string}, key: {type: string, secret: true}}}
`,
  );
  writeFileSync(
    join(home, "cloud/actions/greet.py"),
    "from st2common.runners.base_action import Action\n\n\nclass GreetAction(Action):\n    def run(self, name):\n        return dict(self.config)\n",
  );
  assert.equal((await squall(["pack", "register", "./cloud"])).status, 0);
  // region (twice: the first is no choice), retries (twice), verify, token (twice: it is required), hosts, proxy: host,
  // password, accounts: one, name, key, no other; save.
  const answers = [
    "mars",
    "eu",
    "many",
    "",
    "no",
    "",
    "t0ken",
    "a,b",
    "y",
    "proxy.example",
    "pr0xy",
    "y",
    "first",
    "k3y",
    "n",
    "y",
  ];
  const asked = await onTerminal(home, answers, ["pack", "config", "cloud"], env);
  assert.match(asked, /region is one of eu, us/);
  assert.match(asked, /retries' takes an integer such as 3, not 'many'/);
  assert.match(asked, /token is required/);
  for (const secret of ["t0ken", "pr0xy", "k3y"]) assert.ok(!asked.includes(secret), secret);
  assert.match(asked, /encrypted in the datastore: cloud_token, cloud_proxy_password, cloud_accounts_0_key/);
  const run = async () => JSON.parse((await squall(["run", "cloud.greet", "name=x", "-k", "result"])).stdout);
  assert.deepEqual(await run(), {
    region: "eu",
    retries: 3,
    verify: false,
    token: "t0ken",
    hosts: ["a", "b"],
    proxy: { host: "proxy.example", password: "pr0xy" },
    accounts: [{ name: "first", key: "k3y" }],
  });

  assert.equal((await squall(["pack", "config", "cloud"])).status, 2, "without a terminal there is nobody to ask");
  const visible = await squall(["pack", "config", "cloud", "--set", "token=seen"]);
  assert.equal(visible.status, 2);
  assert.match(visible.stderr, /everybody on this machine can see a command line/);
  assert.match((await squall(["pack", "config", "cloud", "--set", "regoin=eu"])).stderr, /did you mean 'region'/);
  const set = await squall(
    ["pack", "config", "cloud", "--set", "region=us", "proxy.host=other", "@token=-"],
    "fresh\n",
  );
  assert.equal(set.status, 0, set.stderr);
  const { region, token, proxy, hosts } = await run();
  assert.deepEqual([region, token, proxy.host, proxy.password, hosts], ["us", "fresh", "other", "pr0xy", ["a", "b"]]);
  writeFileSync(join(home, "all.yaml"), "region: eu\ntoken: third\nproxy: {host: p}\n");
  const whole = await squall(["pack", "config", "cloud", "--file", "all.yaml"]);
  assert.equal(whole.status, 0, whole.stderr);
  assert.equal((await run()).hosts.length, 0, "the file is all of it");
  assert.match((await squall(["pack", "config", "core"])).stderr, /no config\.schema\.yaml/);
});
