import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectsOf, token } from "./subjects.ts";

test("a cluster's name that could mean more than itself in a subject is refused", () => {
  for (const name of ["", "a.b", "*", ">", "a b", "ü", "a\n", "x".repeat(65)])
    assert.throws(() => subjectsOf(name), { code: "bus.cluster" }, JSON.stringify(name));
  assert.equal(subjectsOf("65f0c0ffee_A-1").prefix, "squall.65f0c0ffee_A-1.");
});

test("all subjects of a cluster begin with its prefix, and none of another's fits", () => {
  const subjects = subjectsOf("one");
  for (const subject of [subjects.say("wake"), subjects.ask("x"), subjects.answers("y"), subjects.inbox])
    assert.ok(subject.startsWith("squall.one."), subject);
});

test("any text is one token of a subject, and different texts stay different", () => {
  const texts = ["a", "A", "a.b", "a=2eb", "*", ">", " ", "$JS", "ü", "\n", "a/b", "=", "==", "=3d"];
  const tokens = texts.map(token);
  for (const one of tokens) assert.match(one, /^[A-Za-z0-9_=-]+$/);
  assert.equal(new Set(tokens).size, texts.length);
  for (const wrong of ["", "x".repeat(401)]) assert.throws(() => token(wrong), { code: "bus.address-syntax" });
});

test("answers are sent to subjects of answers of the cluster alone, also through a gateway", () => {
  const { isForAnswers, answers } = subjectsOf("one");
  assert.ok(isForAnswers(`${answers("k3-_")}.12`));
  assert.ok(isForAnswers(`_GR_.kx1.hGf2.${answers("k3-_")}.12`));
  for (const subject of [
    "",
    "squall.one.say.wake",
    "squall.one.answer.k3",
    "squall.one.answer.k3.x",
    "squall.one.answer.k3.1.2",
    "squall.one.answer.*.1",
    "squall.two.answer.k3.1",
    "$JS.API.STREAM.DELETE.squall.one.answer.k3.1",
    "_GR_.a.squall.one.answer.k3.1",
  ])
    assert.ok(!isForAnswers(subject), subject);
});
