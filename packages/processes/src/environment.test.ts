import assert from "node:assert/strict";
import { test } from "node:test";
import { baseEnvironment } from "./environment.ts";

test("only the listed variables pass, with a PATH in any case", () => {
  assert.deepEqual(
    baseEnvironment({ HOME: "/h", LC_TIME: "C", NODE_OPTIONS: "--x", PGPASSWORD: "p", ST2_AUTH_TOKEN: "t" }),
    {
      HOME: "/h",
      LC_TIME: "C",
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    },
  );
});

test("the operator may pass more, but never Squall's own", () => {
  const from = { PATH: "/bin", ORACLE_HOME: "/o", ORACLE_SID: "s", SQUALL_KEY: "k", OTHER: "x" };
  assert.deepEqual(baseEnvironment(from, ["ORACLE_*", "SQUALL_*"]), {
    PATH: "/bin",
    ORACLE_HOME: "/o",
    ORACLE_SID: "s",
  });
});
