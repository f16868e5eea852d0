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

test("an execution's token reaches what its user may, but for credentials and code", () => {
  may(
    who({ method: "execution", execution: "e1" }),
    [
      ["run", { type: "execution" }],
      ["view", { type: "execution", id: "e2" }],
      ["cancel", { type: "execution", id: "e2" }],
      ["modify", { type: "key", owner: "" }],
      ["send", { type: "webhook" }],
      ["view", { type: "pack" }],
      ["list", { type: "action" }],
      ["create", { type: "rule" }],
      ["view", { type: "stream" }],
      ["view", { type: "user", owner: "ann" }],
    ],
    [
      ["delete", { type: "pack" }],
      ["register", { type: "pack" }],
      ["modify", { type: "config" }],
      ["decrypt", { type: "key", owner: "" }],
      ["view", { type: "key", owner: "bob" }],
      ["create", { type: "api_key", owner: "ann" }],
      ["view", { type: "api_key", owner: "ann" }],
      ["create", { type: "token" }],
      ["modify", { type: "user" }],
    ],
  );
});

test("a sensor's token reaches the same, and the system's keys in clear", () => {
  may(
    who({ method: "sensor", sensor: "p.S", user: "sensors_container" }),
    [
      ["modify", { type: "key", owner: "" }],
      ["decrypt", { type: "key", owner: "" }],
      ["list", { type: "key", owner: "sensors_container" }],
      ["send", { type: "webhook" }],
      ["run", { type: "execution" }],
      ["list", { type: "rule" }],
      ["view", { type: "user", owner: "sensors_container" }],
    ],
    [
      ["view", { type: "key", owner: "ann" }],
      ["decrypt", { type: "key", owner: "ann" }],
      ["list_all", { type: "key" }],
      ["modify", { type: "config" }],
      ["view", { type: "user", owner: "ann" }],
      ["create", { type: "api_key", owner: "sensors_container" }],
    ],
  );
});

test("an administrator's execution makes no credentials and installs no code", () => {
  may(
    who({ method: "execution", execution: "e1", roles: ["admin"] }),
    [
      ["decrypt", { type: "key", owner: "" }],
      ["delete", { type: "rule" }],
    ],
    [
      ["create", { type: "user" }],
      ["create", { type: "api_key", owner: "ann" }],
      ["install", { type: "pack" }],
      ["register_path", { type: "pack" }],
      ["show_secrets", { type: "execution" }],
      ["impersonate", { type: "execution" }],
    ],
  );
});

test("the actions of the pack packs manage packs, as far as the user may for whom they run", () => {
  const running = (action: string, roles: readonly string[]) =>
    who({ method: "execution", execution: "e1", action, roles });
  const manage: readonly [Verb, Subject][] = [
    ["install", { type: "pack" }],
    ["register", { type: "pack" }],
    ["delete", { type: "pack" }],
    ["list", { type: "pack" }],
    ["view", { type: "config" }],
  ];
  const never: readonly [Verb, Subject][] = [
    ["register_path", { type: "pack" }],
    ["modify", { type: "config" }],
    ["create", { type: "user" }],
  ];
  may(running("packs.install", ["admin"]), manage, never);
  may(running("packs.load", []), manage.slice(1), [["install", { type: "pack" }], ...never]);
  may(running("packs.get", ["observer"]), manage.slice(3), manage.slice(0, 3));
  for (const action of ["packsy.install", "mine.packs.install", "core.local"]) {
    may(running(action, ["admin"]), manage.slice(3), [...manage.slice(0, 3), ...never]);
  }
  // Only administrators, signed in however.
  may(who({ roles: ["admin"] }), [["install", { type: "pack" }]], []);
  may(who(), [], [["install", { type: "pack" }]]);
});
