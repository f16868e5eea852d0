import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Action, JsonObject, Parameters, RunnerType } from "@squall/model";
import { NONE_MARKER } from "@squall/expressions";
import { castParameters, readPythonLiteral } from "./cast.ts";
import { planParameters } from "./plan.ts";
import { renderFinal, renderRequest } from "./render.ts";
import { maskParameters } from "./secrets.ts";

function aPlan(action: Parameters, runner: Parameters = {}) {
  const text = { id: "", uid: "", ref: "p.a", name: "a", pack: "p", description: "", enabled: true };
  return planParameters(
    { ...text, runner_type: "r", entry_point: "", parameters: action } satisfies Action,
    {
      id: "",
      uid: "",
      name: "r",
      description: "",
      enabled: true,
      runner_package: "",
      runner_module: "",
      runner_parameters: runner,
    } satisfies RunnerType,
  );
}

const request = (plan: ReturnType<typeof aPlan>, given: JsonObject, context = {}) =>
  renderRequest(plan, given, context);

describe("at request", () => {
  test("None is null where a list or an object is wanted, and text where a text is", () => {
    const schemas = { a: { type: "array" }, o: { type: "object" }, s: { type: "string" } } as const;
    assert.deepEqual(castParameters({ a: "None", o: "None", s: "None" }, schemas), { a: null, o: null, s: "None" });
  });

  test("only what was given is kept; defaults come in at the run", () => {
    const plan = aPlan(
      { a: { type: "string", default: "x" }, b: { type: "integer" } },
      { timeout: { type: "integer", default: 60 } },
    );
    const kept = request(plan, { b: "3" });
    assert.deepEqual(kept, { b: 3 });
    assert.deepEqual(renderFinal(plan, kept, {}), { runner: { timeout: 60 }, action: { a: "x", b: 3 } });
  });

  test("templates read other parameters, defaults included, in whatever order they depend", () => {
    const plan = aPlan({
      a: { type: "string" },
      b: { type: "string", default: "{{c}}!" },
      c: { type: "string", default: "see" },
    });
    assert.deepEqual(request(plan, { a: "{{b}} {{user}}" }, { user: "ada" }), { a: "see! ada", b: "see!" });
  });

  test("an optional parameter that nobody gave is null to templates", () => {
    const plan = aPlan({
      limit: { type: "integer" },
      cmd: { type: "string", default: "list{% if limit %} -n {{ limit }}{% endif %}" },
    });
    assert.deepEqual(request(plan, {}), { cmd: "list" });
    assert.deepEqual(request(plan, { limit: 3 }), { limit: 3, cmd: "list -n 3" });
  });

  test("a list or map keeps the types of what its templates give", () => {
    const plan = aPlan({ all: { type: "object" }, n: { type: "integer" } });
    assert.deepEqual(request(plan, { all: { n: "{{n}}", list: ["{{n}}", "n={{n}}"] }, n: 5 }).all, {
      n: 5,
      list: [5, "n=5"],
    });
  });

  test("a cycle, an unknown name and an immutable parameter are refused with their names", () => {
    const plan = aPlan({ a: { type: "string" }, b: { type: "string" }, c: { default: 1, immutable: true } });
    assert.throws(
      () => request(plan, { a: "{{b}}", b: "{{a}}" }),
      /Cyclic dependency found in the following variables: .*a.*/,
    );
    assert.throws(() => request(plan, { a: "{{zzz}}" }), /Dependency unsatisfied in variable "zzz"/);
    assert.throws(() => request(plan, { c: 2 }), /Override of immutable parameter\(s\) \['c'\] is unsupported\./);
  });

  test("required, unknown and wrongly typed parameters are refused in StackStorm's words", () => {
    const plan = aPlan({ a: { type: "string", required: true }, n: { type: "integer" } });
    assert.throws(() => request(plan, {}), /'a' is a required property/);
    assert.throws(
      () => request(plan, { a: "x", z: 1 }),
      /Additional properties are not allowed \('z' was unexpected\)/,
    );
    assert.throws(() => request(plan, { a: 5 }), /Value "5" must either be a string or None\. Got "int"\./);
    assert.throws(() => request(plan, { a: "x", n: "five" }), /'five' is not of type 'integer'/);
  });

  test("a parameter named __proto__ is one like any other, and refused as unknown", () => {
    const plan = aPlan({ a: { type: "string" } });
    const given = JSON.parse('{"__proto__": {"a": "x"}}') as JsonObject;
    assert.throws(() => request(plan, given), /Additional properties are not allowed \('__proto__' was unexpected\)/);
    assert.throws(
      () => request(plan, { ...JSON.parse('{"__proto__": 1}'), a: "{{ 1 }}" }),
      /'__proto__' was unexpected/,
    );
  });

  test("what is wrong with a secret is said without the secret", () => {
    const plan = aPlan({
      text: { type: "string", secret: true },
      n: { type: "integer", secret: true },
      login: { type: "object", properties: { password: { type: "string", secret: true } } },
    });
    for (const given of [
      { text: ["hunter2"] },
      { n: "hunter2" },
      { login: { password: { a: "hunter2" } } },
      { login: "hunter2" },
    ])
      assert.throws(
        () => request(plan, given),
        (error: Error) =>
          error.message.includes("********") && !JSON.stringify({ ...error, m: error.message }).includes("hunter2"),
      );
  });

  test("values of an earlier run are kept as they are, and what is given anew is rendered and may refer to them", () => {
    const plan = aPlan({ a: { type: "string" }, b: { type: "string" }, c: { type: "string", default: "{{a}}!" } });
    assert.deepEqual(renderRequest(plan, { b: "{{a}} {{ 1 + 1 }}" }, {}, { a: "{{ 7 * 7 }}", b: "old" }), {
      a: "{{ 7 * 7 }}",
      b: "{{ 7 * 7 }} 2",
      c: "{{ 7 * 7 }}!",
    });
    assert.deepEqual(renderRequest(plan, {}, {}, { a: "{{ 7 * 7 }}" }).a, "{{ 7 * 7 }}");
  });

  test("null stands for an optional parameter that was not given", () => {
    const plan = aPlan({ a: { type: "string" }, b: { type: "integer", default: 3 } });
    assert.deepEqual(renderFinal(plan, request(plan, { a: null, b: null }), {}).action, { a: null, b: 3 });
  });
});

describe("at the run", () => {
  test("kept values are never read as templates again", () => {
    const plan = aPlan({ cmd: { default: "echo {{message}}", immutable: true }, message: { type: "string" } });
    const final = renderFinal(plan, { message: "{{ 7 * 7 }}" }, {});
    assert.equal(final.action.cmd, "echo {{ 7 * 7 }}");
    assert.equal(final.action.message, "{{ 7 * 7 }}");
  });

  test("an action's default wins over its runner's", () => {
    const plan = aPlan(
      { timeout: { default: 5 } },
      { timeout: { type: "integer", default: 60 }, cwd: { type: "string" } },
    );
    assert.deepEqual(renderFinal(plan, {}, {}).runner, { timeout: 5, cwd: null });
  });
});

describe("casting", () => {
  test("turns text into what the schema names", () => {
    const schemas: Parameters = {
      i: { type: "integer" },
      n: { type: "number" },
      b: { type: "boolean" },
      a: { type: "array" },
      o: { type: "object" },
      s: { type: "string" },
    };
    assert.deepEqual(
      castParameters({ i: "7", n: "1.5", b: "TRUE", a: "[1, 'x', None]", o: '{"k": true}', s: NONE_MARKER }, schemas),
      {
        i: 7,
        n: 1.5,
        b: true,
        a: [1, "x", null],
        o: { k: true },
        s: null,
      },
    );
    assert.deepEqual(castParameters({ b: "yes", a: "no list" }, schemas), { b: "yes", a: "no list" });
  });

  test("reads Python literals and nothing else", () => {
    assert.deepEqual(readPythonLiteral("{'a': [1, 2.5, (True, None)], \"b\": 'it\\'s'}"), {
      a: [1, 2.5, [true, null]],
      b: "it's",
    });
    for (const text of ["os.system('x')", "[1", "{1: }", "__import__('os')", "[1 2]", ""])
      assert.equal(readPythonLiteral(text), undefined);
  });
});

describe("masking", () => {
  test("names that are secret by a pattern written for Python are hidden", () => {
    const schemas: Parameters = {
      env: { patternProperties: { "(?P<kind>^PASS\\_)": { type: "string", secret: true } } },
    };
    assert.deepEqual(maskParameters({ env: { PASS_A: "p", B: "b" } }, schemas), {
      env: { PASS_A: "********", B: "b" },
    });
  });

  test("hides secrets at any depth and leaves the rest", () => {
    const schemas: Parameters = {
      login: { type: "object", properties: { user: { type: "string" }, password: { type: "string", secret: true } } },
      keys: { type: "array", items: { type: "object", properties: { key: { type: "string", secret: true } } } },
      all: { type: "object", secret: true },
    };
    assert.deepEqual(
      maskParameters({ login: { user: "u", password: "p" }, keys: [{ key: "k", id: 1 }], all: { a: 1 } }, schemas),
      {
        login: { user: "u", password: "********" },
        keys: [{ key: "********", id: 1 }],
        all: "********",
      },
    );
  });
});
