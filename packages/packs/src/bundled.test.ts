import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isObject } from "@squall/model";
import { readPack } from "./read-pack.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PACKS = join(ROOT, "packs");
const SDK = join(ROOT, "python");

for (const name of readdirSync(PACKS).sort()) {
  test(`the bundled pack ${name} is read without a problem`, async () => {
    const content = await readPack(join(PACKS, name));
    assert.deepEqual(content.problems, []);
    assert.equal(content.ref, name);
  });
}

test("the core pack has StackStorm's trigger types and the actions that today's runners can run", async () => {
  const { triggerTypes, actions } = await readPack(join(PACKS, "core"));
  assert.deepEqual(triggerTypes.map((one) => one.resource.ref).sort(), [
    "core.st2.CronTimer",
    "core.st2.DateTimer",
    "core.st2.IntervalTimer",
    "core.st2.action.file_written",
    "core.st2.generic.actiontrigger",
    "core.st2.generic.inquiry",
    "core.st2.generic.notifytrigger",
    "core.st2.key_value_pair.create",
    "core.st2.key_value_pair.delete",
    "core.st2.key_value_pair.update",
    "core.st2.key_value_pair.value_change",
    "core.st2.sensor.process_exit",
    "core.st2.sensor.process_spawn",
    "core.st2.webhook",
  ]);
  assert.deepEqual(
    actions.map((one) => one.resource.name),
    (
      "announcement ask echo error http inject_trigger local local_sudo noop pause remote remote_sudo sendmail uuid " +
      "winrm_cmd winrm_ps_cmd"
    ).split(" "),
  );
});

test("the packs linux and chatops have StackStorm's actions", async () => {
  const names = async (pack: string) =>
    (await readPack(join(PACKS, pack))).actions.map((one) => one.resource.name).sort();
  assert.deepEqual(
    await names("linux"),
    (
      "check_loadavg check_processes cp diag_loadavg dig file_touch get_open_ports lsof lsof_pids mv netstat netstat_grep " +
      "pkill rm rsync scp service traceroute vmstat wait_for_ssh"
    ).split(" "),
  );
  assert.deepEqual(
    await names("chatops"),
    "format_execution_result match match_and_execute post_message post_result run".split(" "),
  );
});

test("the rules of the examples are on", async () => {
  const { rules } = await readPack(join(PACKS, "examples"));
  assert.deepEqual(
    rules.map((one) => `${one.resource.name} ${one.resource.enabled}`),
    ["alertmanager true", "check_url_every_minute false", "github_push true", "url_changed true"],
  );
});

test("the example push carries the signature that GitHub would give it", async () => {
  const folder = join(PACKS, "examples/payloads");
  const body = await readFile(join(folder, "github-push.json"));
  const headers = await readFile(join(folder, "github-push.headers"), "utf8");
  const readme = await readFile(join(PACKS, "examples/README.md"), "utf8");
  const secret = "example-webhook-secret";
  assert.ok(readme.includes(secret), "the README says with which secret");
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  assert.ok(headers.includes(`X-Hub-Signature-256: sha256=${signature}\n`));
});

test("the example payloads of Alertmanager are one group's life in its format of version 4", async () => {
  const groups = new Set<unknown>();
  for (const name of ["firing", "partly-resolved", "resolved"]) {
    const body: unknown = JSON.parse(
      await readFile(join(PACKS, `examples/payloads/alertmanager-${name}.json`), "utf8"),
    );
    assert.ok(isObject(body));
    assert.deepEqual(
      Object.keys(body).sort().join(" "),
      "alerts commonAnnotations commonLabels externalURL groupKey groupLabels receiver status truncatedAlerts version",
    );
    assert.equal(body.version, "4");
    groups.add(body.groupKey);
  }
  assert.equal(groups.size, 1);
});

const noPython = existsSync(SDK) ? false : "the Python SDK is not in this checkout";

for (const name of readdirSync(PACKS).filter((pack) => existsSync(join(PACKS, pack, "tests")))) {
  test(`the Python tests of the bundled pack ${name} pass`, { skip: noPython }, () => {
    const run = spawnSync("python3", ["-B", "-m", "unittest", "discover", "-s", "tests"], {
      cwd: join(PACKS, name),
      env: { ...process.env, PYTHONPATH: SDK },
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(run.status, 0, `${run.error ?? ""}${run.stdout}${run.stderr}`);
  });
}
