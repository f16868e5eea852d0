import { type Trigger } from "@squall/model";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { passive, someSensors } from "./a-sensor.ts";

const LIMIT = { timeout: 60_000 };

test("a passive sensor is set up, runs, dispatches with its configuration, and cleans up when it is stopped", LIMIT, async (t) => {
  const at = someSensors(t);
  at.source.place("default", "p", [
    at.instance(
      passive({
        run: 'self.sensor_service.dispatch("p.t", {"says": self.config["greeting"]}, trace_tag="tag")\nwhile True: time.sleep(60)',
        cleanup: 'print("cleaned up")',
      }),
    ),
  ]);
  await at.source.start();
  await at.until(() => at.events.length === 1);
  assert.deepEqual(at.events, [{ sensor: "p.S", trigger: "p.t", payload: { says: "hello" }, traceTag: "tag" }]);
  const status = await at.state("p.S", "running");
  assert.ok(status.pid);
  await at.until(() => at.source.get("default", "p.S")?.events === 1);

  assert.equal(await at.source.stop("default", "p.S", "stopped by ann"), true);
  const stopped = at.source.get("default", "p.S");
  assert.equal(stopped?.state, "stopped");
  assert.equal(stopped?.reason, "stopped by ann");
  assert.equal(stopped?.lastExit?.code, 143);
  const log = await at.logOf("p.S");
  assert.match(log, /Z squall started as process \d+\n/);
  assert.match(log, /Z out {4}cleaned up\n/);
  assert.deepEqual(at.news.map((one) => one.kind), ["spawn", "exit"]);
});
