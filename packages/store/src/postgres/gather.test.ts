import assert from "node:assert/strict";
import { test } from "node:test";
import { gather } from "./gather.ts";

test("what is looked up in one turn is looked up at once, by group, and each gets its own", async () => {
  const asked: string[] = [];
  const find = gather(async (group, ids) => {
    asked.push(`${group}: ${ids.join(" ")}`);
    return new Map(ids.filter((id) => id !== "none").map((id) => [id, `${group} ${id}`]));
  });
  const found = await Promise.all([find("a", "1"), find("a", "2"), find("b", "1"), find("a", "none"), find("a", "1")]);
  assert.deepEqual(found, ["a 1", "a 2", "b 1", undefined, "a 1"]);
  assert.deepEqual(asked, ["a: 1 2 none", "b: 1"]);
  assert.equal(await find("a", "1"), "a 1");
  assert.deepEqual(asked.slice(2), ["a: 1"]);
});

test("a look-up that fails fails for all who asked in that turn, of its group alone, and not for those after", async () => {
  let isBroken = true;
  const find = gather(async (group, ids) => {
    if (isBroken && group === "a") throw new Error("away");
    return new Map(ids.map((id) => [id, id]));
  });
  const [one, two, other] = await Promise.allSettled([find("a", "1"), find("a", "2"), find("b", "1")]);
  assert.equal(one.status, "rejected");
  assert.equal(two.status, "rejected");
  assert.deepEqual(other, { status: "fulfilled", value: "1" });
  isBroken = false;
  assert.equal(await find("a", "1"), "1");
});
