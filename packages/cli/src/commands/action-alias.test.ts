import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyHome, runSquall } from "../testing/run-squall.ts";
import { startServer } from "../testing/true-server.ts";

const ALIAS = `name: greet
description: Greets.
action_ref: core.local
formats:
  - display: greet WHOM
    representation: ["greet {{ cmd=everybody }}"]
immutable_parameters: {timeout: 30}
ack: {format: "greeting {{ execution.parameters.cmd }}"}
result: {format: "{{ execution.status }}: {{ execution.result.stdout }}"}
`;

test("with the true server: an alias is made, matched, run, tried and taken away", async (t) => {
  const home = emptyHome();
  const { url, password } = await startServer(t, home);
  const squall = (...args: string[]) => runSquall(home, args, { url, stdin: "" });
  await runSquall(home, ["login", "admin", "--password-stdin"], { url, stdin: `${password}\n` });

  assert.match(
    (await squall("action-alias", "list", "-p", "default")).stderr,
    /^no aliases: `squall action-alias create FILE`/,
  );
  writeFileSync(join(home, "greet.yaml"), ALIAS);
  assert.equal((await squall("action-alias", "create", "greet.yaml")).stdout, "created action alias default.greet\n");

  const matched = await squall("action-alias", "match", "greet echo ann");
  assert.equal(
    matched.stdout,
    "alias:       default.greet\naction:      core.local\nformat:      greet {{ cmd=everybody }}\ndisplay:     greet WHOM\ndescription: Greets.\n",
  );
  const none = await squall("action-alias", "match", "leave");
  assert.deepEqual([none.status, none.stderr], [1, "squall: Command 'leave' matched no patterns\n"]);

  const executed = await squall("action-alias", "execute", "greet", "echo", "ann");
  assert.match(executed.stdout, /^default\.greet: greeting echo ann\n {2}squall execution get \w{24} /);
  const json = JSON.parse((await squall("action-alias", "execute", "greet", "-u", "ann", "--json")).stdout);
  assert.equal(json.results[0].execution.context.api_user, "ann");

  const tested = await squall("action-alias", "test", "greet echo bob; exit 3");
  assert.deepEqual([tested.status, tested.stdout], [3, "failed: bob\n"]);
  assert.match(tested.stderr, /^default\.greet: greeting echo bob; exit 3\n/);

  const help = await squall("action-alias", "help", "^GREET");
  assert.equal(help.stdout, "display     description  pack\ngreet WHOM  Greets.      default\n");
  assert.match((await squall("action-alias", "help", "no such")).stderr, /^nothing: no alias/);
  assert.equal(
    (await squall("action-alias", "delete", "default.greet")).stdout,
    "deleted action alias default.greet\n",
  );
});
