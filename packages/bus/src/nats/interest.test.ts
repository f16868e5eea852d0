import assert from "node:assert/strict";
import { test } from "node:test";
import { createInterest } from "./interest.ts";

/** Two ends of a connection on which nothing takes time, and a clock that is moved by hand. */
function aPair() {
  let time = 0;
  const listeners = new Map<object, Map<string, () => void>>();
  const end = (times = { again: 1_000_000, holds: 100, lingers: 1_000 }) => {
    const own = new Map<string, () => void>();
    listeners.set(own, own);
    return createInterest({
      now: () => time,
      subjectOf: (topic) => topic,
      times,
      link: {
        isUp: true,
        publish(subject) {
          for (const others of listeners.values()) if (others !== own) others.get(subject)?.();
          return true;
        },
        subscribe(subject, listener) {
          own.set(subject, () => listener({ data: new Uint8Array() } as Parameters<typeof listener>[0])); // cast: nothing of it is read
          return () => void own.delete(subject);
        },
      },
    });
  };
  return { one: end(), other: end(), pass: (ms: number) => (time += ms) };
}

test("whoever was not heard yet counts as listening; after that only who says so, for as long as that holds", () => {
  const { one, other, pass } = aPair();
  assert.ok(one.isThere("execution"));
  pass(200);
  assert.ok(!one.isThere("execution"));
  other.listens("execution");
  assert.ok(one.isThere("execution"));
  assert.ok(!one.isThere("output"));
  pass(99);
  assert.ok(one.isThere("execution"));
  pass(2);
  assert.ok(!one.isThere("execution"));
  one.close();
  other.close();
});

test("a connection that is there again makes everybody count as listening, and says again who listens", () => {
  const { one, other, pass } = aPair();
  pass(200);
  other.listens("output");
  pass(200);
  assert.ok(!one.isThere("output"));
  other.up();
  assert.ok(one.isThere("output"));
  assert.ok(other.isThere("execution"));
  pass(200);
  other.left("output");
  other.up(); // it lingers
  assert.ok(one.isThere("output"));
  pass(2_000);
  other.up();
  assert.ok(!one.isThere("output"));
  one.close();
  other.close();
});

test("what is small is told always", () => {
  const { one, other, pass } = aPair();
  pass(200);
  for (const topic of ["wake", "cancel", "told", "inquiry"] as const) assert.ok(one.isThere(topic));
  one.close();
  other.close();
});
