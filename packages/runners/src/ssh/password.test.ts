import assert from "node:assert/strict";
import { test } from "node:test";
import { aJob, aListener } from "../a-job.ts";
import { settle } from "../options.ts";
import { createRemoteShellCmd } from "../remote-shell-cmd/runner.ts";
import { startPasswordHost } from "./a-password-host.ts";
import { createSshPool } from "./pool.ts";

for (const asks of [false, true]) {
  test(`a password lets in, ${asks ? "asked for by a question" : "sent as such"}; a wrong one is said and not shown`, async () => {
    await using host = await startPasswordHost("pa55 w'rd", asks);
    const settings = settle({});
    await using pool = createSshPool(settings.ssh);
    const runner = createRemoteShellCmd(settings, pool);
    const run = (password: string) => {
      const runnerParameters = { hosts: "127.0.0.1", port: host.port, username: "ada", cmd: "echo in", password };
      return runner.run(aJob({ runnerParameters: { ...runnerParameters, private_key: "passed over" } }), aListener());
    };
    const outcome = await run("pa55 w'rd");
    assert.equal(outcome.status, "succeeded", JSON.stringify(outcome));
    const refused = await run("wr0ng");
    assert.match(String(refused.result.error), /does not let ada in with this password/);
    assert.doesNotMatch(JSON.stringify(refused), /wr0ng/);
  });
}
