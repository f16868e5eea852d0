import assert from "node:assert/strict";
import { test } from "node:test";
import type { Principal } from "@squall/model";
import { allow, type Subject, type Verb } from "./allow.ts";

function who(change: Partial<Principal> = {}): Principal {
  return { user: "ann", project: "default", roles: [], method: "token", ...change };
}

function may(principal: Principal, allowed: readonly [Verb, Subject][], refused: readonly [Verb, Subject][]): void {
  for (const [verb, subject] of allowed)
    assert.ok(allow(principal, verb, subject), `${verb} ${JSON.stringify(subject)}`);
  for (const [verb, subject] of refused)
    assert.ok(!allow(principal, verb, subject), `${verb} ${JSON.stringify(subject)}`);
}

test("nobody in particular reaches health, login and webhooks", () => {
  may(
    who({ method: "anonymous" }),
    [
      ["view", { type: "health" }],
      ["create", { type: "token" }],
      ["send", { type: "webhook" }],
    ],
    [
      ["view", { type: "action" }],
      ["list", { type: "webhook" }],
      ["view", { type: "document" }],
      ["run", { type: "execution" }],
      ["create", { type: "user" }],
    ],
  );
});

test("roles of somebody without credentials count for nothing", () => {
  may(who({ method: "anonymous", roles: ["admin"] }), [], [["view", { type: "action" }]]);
});

test("an administrator may everything, however signed in", () => {
  for (const method of ["token", "api-key", "internal"] as const) {
    may(
      who({ roles: ["admin"], method }),
      [
        ["create", { type: "user" }],
        ["decrypt", { type: "key", owner: "" }],
        ["show_secrets", { type: "execution" }],
        ["register_path", { type: "pack" }],
      ],
      [],
    );
  }
});

test("a user works with everything but users, others' keys, and secrets", () => {
  may(
    who(),
    [
      ["run", { type: "execution" }],
      ["create", { type: "rule" }],
      ["delete", { type: "action" }],
      ["modify", { type: "key", owner: "" }],
      ["decrypt", { type: "key", owner: "ann" }],
      ["create", { type: "api_key", owner: "ann" }],
      ["view", { type: "user" }],
    ],
    [
      ["list", { type: "user" }],
      ["create", { type: "user" }],
      ["view", { type: "user", owner: "bob" }],
      ["view", { type: "api_key", owner: "bob" }],
      ["view", { type: "key", owner: "bob" }],
      ["decrypt", { type: "key", owner: "" }],
      ["decrypt", { type: "key", owner: "bob" }],
      ["show_secrets", { type: "rule" }],
      ["impersonate", { type: "execution" }],
      ["register_path", { type: "pack" }],
      ["list_all", { type: "execution" }],
    ],
  );
});

test("an observer looks", () => {
  may(
    who({ roles: ["observer"] }),
    [
      ["list", { type: "rule" }],
      ["view", { type: "execution" }],
    ],
    [
      ["run", { type: "execution" }],
      ["modify", { type: "key", owner: "ann" }],
      ["send", { type: "webhook" }],
      ["cancel", { type: "execution" }],
    ],
  );
});

test("an execution's token reaches the datastore and its own family, and no more than its user", () => {
  may(
    who({ method: "execution", execution: "e1" }),
    [
      ["run", { type: "execution" }],
      ["view", { type: "execution", id: "e1" }],
      ["cancel", { type: "execution", id: "e2", ancestors: ["e1"] }],
      ["modify", { type: "key", owner: "" }],
      ["send", { type: "webhook" }],
      ["view", { type: "pack" }],
      ["view", { type: "execution", id: "e2", ancestors: [], told: true }],
    ],
    [
      ["delete", { type: "pack" }],
      ["cancel", { type: "execution", id: "e2", ancestors: [], told: true }],
      ["register", { type: "pack" }],
      ["view", { type: "execution", id: "e2" }],
      ["view", { type: "execution", id: "e2", ancestors: ["e3"] }],
      ["decrypt", { type: "key", owner: "" }],
      ["view", { type: "key", owner: "bob" }],
      ["list", { type: "action" }],
      ["create", { type: "api_key", owner: "ann" }],
      ["modify", { type: "user" }],
      ["view", { type: "stream" }],
    ],
  );
});

test("a sensor's token reaches the system's keys, webhooks and itself", () => {
  may(
    who({ method: "sensor", sensor: "p.S", user: "sensors_container" }),
    [
      ["modify", { type: "key", owner: "" }],
      ["decrypt", { type: "key", owner: "" }],
      ["list", { type: "key", owner: "sensors_container" }],
      ["send", { type: "webhook" }],
      ["view", { type: "user", owner: "sensors_container" }],
    ],
    [
      ["view", { type: "key", owner: "ann" }],
      ["decrypt", { type: "key", owner: "*" }],
      ["list_all", { type: "key" }],
      ["run", { type: "execution" }],
      ["view", { type: "execution" }],
      ["list", { type: "sensor" }],
      ["modify", { type: "sensor" }],
      ["modify", { type: "sensor_type" }],
      ["view", { type: "config" }],
      ["view", { type: "user", owner: "ann" }],
      ["create", { type: "api_key", owner: "sensors_container" }],
    ],
  );
});

test("an administrator's execution has no more than any execution's reach", () => {
  may(
    who({ method: "execution", execution: "e1", roles: ["admin"] }),
    [["decrypt", { type: "key", owner: "" }]],
    [
      ["create", { type: "user" }],
      ["delete", { type: "rule" }],
      ["view", { type: "execution", id: "e2" }],
    ],
  );
});
