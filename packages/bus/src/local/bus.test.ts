import assert from "node:assert/strict";
import { test } from "node:test";
import { busContract } from "../contract.ts";
import { createLocalBus } from "./bus.ts";

busContract("local", async (onError) => {
  const bus = createLocalBus({ onError });
  return { bus, other: bus, settle: async () => undefined, close: async () => bus[Symbol.asyncDispose]() };
});

test("disposing of the local bus delivers what waits, and nothing that is published afterwards", async () => {
  const heard: string[] = [];
  const bus = createLocalBus({ onError: (error) => assert.fail(String(error)) });
  bus.subscribe(["cancel"], (message) => {
    heard.push(message.execution);
    bus.publish({ topic: "cancel", project: "default", execution: "from a listener" });
  });
  bus.publish({ topic: "cancel", project: "default", execution: "before" });
  await bus[Symbol.asyncDispose]();
  bus.publish({ topic: "cancel", project: "default", execution: "after" });
  await new Promise(setImmediate);
  assert.deepEqual(heard, ["before"]);
});
