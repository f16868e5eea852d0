import assert from "node:assert/strict";
import { test } from "node:test";
import { Invalid } from "@squall/model";
import { keyLookup } from "./key-lookup.ts";
import { renderParameters } from "./parameters.ts";

function failure(work: () => unknown): Invalid {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Invalid, String(error));
    return error;
  }
  return assert.fail("it did not fail");
}

test("values without templates are returned as they are", () => {
  const values = { a: "x", b: { c: ["{ not }"] }, d: null };
  assert.equal(renderParameters(values, {}), values);
});

test("parameters may refer to the context and to each other in any order", () => {
  assert.deepEqual(
    renderParameters(
      { c: "{{ b }}!", b: "<{{ a }}>", a: "{{ user }}", n: 5, m: "{{ n + 1 }}", own: "{{ range(2) | list }}" },
      { user: "stan" },
    ),
    { c: "<stan>!", b: "<stan>", a: "stan", n: 5, m: "6", own: "[0, 1]" },
  );
  assert.deepEqual(renderParameters({ user: "x", a: "{{ user }}" }, { user: "stan" }), { user: "x", a: "x" });
});

test("inside lists and objects a whole variable keeps its type, all else becomes text", () => {
  const l = [1, { a: null }];
  assert.deepEqual(
    renderParameters(
      { o: { list: "{{l}}", spaced: "{{ l }}", text: "n={{n}}", n: ["{{n}}"], "{{n}}": true }, plain: "{{l}}" },
      { l, n: 1 },
    ),
    { o: { list: l, spaced: "[1, {'a': None}]", text: "n=1", n: [1], 1: true }, plain: "[1, {'a': None}]" },
  );
});

test("a value cannot break out of the list or object it is put into, nor be rendered again", () => {
  const evil = `", "admin": true, "x": "{{ secret }}`;
  assert.deepEqual(renderParameters({ o: { name: "{{ evil }}" } }, { evil, secret: 1 }), { o: { name: evil } });
  assert.deepEqual(renderParameters({ a: "{{ evil }}", b: "{{ a }}" }, { evil, secret: 1 }), { a: evil, b: evil });
});

test("a text that is no template stays", () => {
  const values = { a: "{{ not valid", b: "{% nope %}", c: ["{{ }}"] };
  assert.equal(renderParameters(values, {}), values);
  assert.deepEqual(renderParameters({ ...values, d: "{{ x }}" }, { x: 1 }), { ...values, d: "1" });
});

test("cycles, unknown names and failures say which parameter is concerned", () => {
  const cyclic = failure(() => renderParameters({ a: "{{ b }}", b: "{{ c }}", c: "{{ a }}", d: "{{ a }}" }, {}));
  assert.equal(cyclic.message, "Cyclic dependency found in the following variables: a, b, c");
  assert.equal(failure(() => renderParameters({ a: "{{ a }}" }, {})).code, "parameters.cyclic");
  assert.equal(
    failure(() => renderParameters({ a: "{{ nope }}" }, {})).message,
    'Dependency unsatisfied in variable "nope"',
  );
  assert.equal(
    failure(() => renderParameters({ p: "{{ d.x.y }}" }, { d: {} })).message,
    `Failed to render parameter "p": 'dict object' has no attribute 'x'`,
  );
  assert.equal(failure(() => renderParameters({ p: "{{ toString }}" }, {})).code, "parameters.unsatisfied");
});

test("a signal from reading a key passes through", () => {
  const signal = Object.assign(new Error("fetch it"), { needsKey: "k" });
  const st2kv = {
    system: keyLookup(() => {
      throw signal;
    }),
  };
  assert.throws(
    () => renderParameters({ p: "{{ st2kv.system.k }}" }, { st2kv }),
    (error) => error === signal,
  );
});

test("a parameter called __proto__ is a parameter", () => {
  const values = JSON.parse('{"__proto__": "{{ x }}", "o": {"__proto__": "{{x}}"}}') as Record<string, unknown>;
  const rendered = renderParameters(values, { x: 1 });
  assert.deepEqual(JSON.stringify(rendered), '{"__proto__":"1","o":{"__proto__":1}}');
  assert.equal(Object.getPrototypeOf(rendered), Object.prototype);
});
