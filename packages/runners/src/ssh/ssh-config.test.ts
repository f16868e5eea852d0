import assert from "node:assert/strict";
import { test } from "node:test";
import { findConfig } from "./ssh-config.ts";

const CONFIG = `
IdentityFile /keys/all
Host web* !web9
  HostName %h.example.org
  User = deploy
  Port 2222
  IdentityFile "/keys/web"
Match exec "true"
  User matched
Host *
  User everybody
  Port 22
`;

test("for each keyword the first that fits counts, and identity files add up", () => {
  assert.deepEqual(findConfig(CONFIG, "web1"), {
    hostName: "web1.example.org",
    user: "deploy",
    port: 2222,
    identityFiles: ["/keys/all", "/keys/web"],
  });
});

test("an exception and a Match block do not fit", () => {
  assert.deepEqual(findConfig(CONFIG, "web9"), { user: "everybody", port: 22, identityFiles: ["/keys/all"] });
});

test("nonsense is passed over", () => {
  assert.deepEqual(findConfig("Port x\nnothing\n=\nHost\nUser", "a"), { identityFiles: [] });
});
