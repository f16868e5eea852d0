import assert from "node:assert/strict";
import { test } from "node:test";
import { readNatsAddresses } from "./address.ts";

test("addresses become hosts with ports, once each, without what is secret", () => {
  assert.deepEqual(readNatsAddresses([" nats://one ", "nats://two:4333/", "nats://[::1]:4222", "nats://one:4222"]), {
    servers: ["one:4222", "two:4333", "[::1]:4222"],
    tls: false,
  });
  assert.deepEqual(readNatsAddresses(["nats://ann:p%40ss%3A@one", "tls://two"]), {
    servers: ["one:4222", "two:4222"],
    tls: true,
    credentials: { kind: "password", user: "ann", password: "p@ss:" },
  });
  assert.deepEqual(readNatsAddresses(["nats://s3cret@one"]).credentials, { kind: "token", token: "s3cret" });
});

test("what is no address is refused by its number and never repeated", () => {
  for (const wrong of [
    "",
    "geheim",
    "http://geheim@one",
    "nats://",
    "nats://geheim@one/path",
    "nats://geheim@one?query",
    "nats://geheim@one#hash",
    "nats://geheim%E0@one",
    "nats://geheim@one:99999",
    "nats://geheim@one,two",
  ])
    assert.throws(
      () => readNatsAddresses(["nats://fine", wrong]),
      (error: Error & { code?: string }) =>
        error.code === "bus.address-syntax" && error.message.includes("address 2") && !error.message.includes("geheim"),
      wrong,
    );
  assert.throws(() => readNatsAddresses([]), { code: "bus.address-syntax" });
});
