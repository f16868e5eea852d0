import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "./failure.ts";
import { readParameters } from "./parameters.ts";

const SCHEMAS = {
  cmd: { type: "string" },
  count: { type: "integer" },
  ratio: { type: "number" },
  loud: { type: "boolean" },
  names: { type: "array" },
  ports: { type: "array", items: { type: "integer" } },
  options: { type: "object", properties: { depth: { type: "integer" } } },
  password: { type: "string", secret: true },
  anything: {},
} as const;

function read(
  words: readonly string[],
  more: { autoDict?: boolean; action?: string } = {},
): Promise<Record<string, unknown>> {
  const request = { action: more.action ?? "a.b", runner: "r", schemas: SCHEMAS, autoDict: more.autoDict ?? false };
  return readParameters(words, request, {
    readFile: async (path) => `text of ${path}`,
    ask: async (question, hidden) => `${hidden ? "hidden" : "shown"} answer to ${question}`,
  });
}

test("values take the types of the action's schema", async () => {
  assert.deepEqual(
    await read([
      "count=-3",
      "ratio=1.5e3",
      "loud=Yes",
      "names=a, b,c",
      "ports=[1, 2]",
      "anything=7",
      "options=depth=2,x=y",
    ]),
    {
      count: -3,
      ratio: 1500,
      loud: true,
      names: ["a", "b", "c"],
      ports: [1, 2],
      anything: "7",
      options: { depth: 2, x: "y" },
    },
  );
  assert.deepEqual(await read(["ports=80,443", 'options={"a": [1]}', "count=null", "names="]), {
    ports: [80, 443],
    options: { a: [1] },
    count: null,
    names: [],
  });
});

test("Jinja is left for the server to render, whatever the type", async () => {
  assert.deepEqual(await read(["count={{ st2kv.system.n }}"]), { count: "{{ st2kv.system.n }}" });
});

test("naming an array again adds to it, naming anything else again replaces it", async () => {
  assert.deepEqual(await read(["names=a", "names=b,c", "count=1", "count=2"]), { names: ["a", "b", "c"], count: 2 });
});

test("with auto-dict the pairs of an array become an object", async () => {
  assert.deepEqual(await read(["names=a:1,b:x:y"], { autoDict: true }), { names: [{ a: "1", b: "x:y" }] });
});

test("words without a name are the command, also those that look like parameters after it has begun", async () => {
  assert.deepEqual(await read(["count=1", "make", "TARGET=all", "-j2", "loud=no"]), {
    count: 1,
    loud: false,
    cmd: "make TARGET=all -j2",
  });
});

test("a secret parameter is asked for with ?, others take ? as it is", async () => {
  assert.deepEqual(await read(["password=?", "cmd=?"]), { password: "hidden answer to password (secret): ", cmd: "?" });
});

test("a file goes into its parameter, and through core.http as StackStorm's client sends it", async () => {
  assert.deepEqual(await read(["@cmd=dir/x.sh"]), { cmd: "text of dir/x.sh" });
  assert.deepEqual(await read(["@cmd=dir/x.sh"], { action: "core.http" }), {
    file_content: "text of dir/x.sh",
    file_name: "x.sh",
    method: "POST",
  });
});

test("what does not fit is refused with the parameter's name and what it takes", async () => {
  for (const [word, message] of [
    ["count=1.5", /'count' takes an integer/],
    ["ratio=", /'ratio' takes a number/],
    ["loud=perhaps", /'loud' takes true or false/],
    ["ports=80,x", /'ports\[\]' takes an integer/],
    ["names=[1", /'names' takes a list/],
    ["options={a", /'options' takes an object/],
    ["options=a", /'options' takes an object/],
    ["constructor=1", /a\.b has no parameter 'constructor'/],
    ["__proto__=1", /a\.b has no parameter '__proto__'/],
  ] as const) {
    await assert.rejects(read([word]), (error) => error instanceof UsageError && message.test(error.message));
  }
});
