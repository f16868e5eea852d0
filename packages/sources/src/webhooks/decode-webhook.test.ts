import assert from "node:assert/strict";
import { test } from "node:test";
import { Invalid } from "@squall/model";
import { decodeWebhook } from "./decode-webhook.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function bodyOf(text: string | Uint8Array, contentType?: string): Promise<unknown> {
  const bytes = typeof text === "string" ? encode(text) : text;
  return (await decodeWebhook({ headers: {}, bytes, ...(contentType && { contentType }) })).payload.body;
}

async function refusal(text: string | Uint8Array, contentType?: string): Promise<string> {
  try {
    await bodyOf(text, contentType);
  } catch (thrown) {
    assert.ok(thrown instanceof Invalid);
    return thrown.message;
  }
  return assert.fail("it was accepted");
}

test("an alert of Alertmanager comes through as it was sent", async () => {
  const alert = {
    version: "4",
    groupKey: '{}:{alertname="HostDown"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "squall",
    groupLabels: { alertname: "HostDown" },
    commonLabels: { alertname: "HostDown", severity: "critical" },
    commonAnnotations: {},
    externalURL: "http://alertmanager.example:9093",
    alerts: [
      {
        status: "firing",
        labels: { alertname: "HostDown", instance: "web-1:9100", severity: "critical" },
        annotations: { summary: "web-1 ist nicht erreichbar – seit 5 min" },
        startsAt: "2024-05-17T13:14:15.123Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "http://prometheus.example/graph",
        fingerprint: "c6f0d6c0b1a2d3e4",
      },
    ],
  };
  const { payload, traceTag } = await decodeWebhook({
    headers: { "content-type": "application/json", "user-agent": "Alertmanager/0.27.0" },
    contentType: "application/json",
    bytes: encode(JSON.stringify(alert)),
  });
  assert.deepEqual(payload.body, alert);
  assert.equal(traceTag, undefined);
  assert.deepEqual(payload.headers, { "Content-Type": "application/json", "User-Agent": "Alertmanager/0.27.0" });
});

test("headers have WSGI's names and lower-case ones, and no credentials", async () => {
  const { payload, traceTag } = await decodeWebhook({
    headers: {
      "X-GitHub-Event": "push",
      "x-hub-signature-256": "sha256=00",
      "X-B3-TraceId": "1",
      "St2-Api-Key": "secret",
      "x-auth-token": "secret",
      COOKIE: "secret",
      Authorization: "Bearer secret",
      "St2-Trace-Tag": "deploy-7",
      "set-cookie": ["a=1", "b=2"],
      "x-none": undefined,
    },
    bytes: encode("{}"),
  });
  assert.deepEqual(payload.headers, {
    "X-Github-Event": "push",
    "X-Hub-Signature-256": "sha256=00",
    "X-B3-Traceid": "1",
    "Set-Cookie": "a=1, b=2",
  });
  assert.deepEqual(payload.headers_lower, {
    "x-github-event": "push",
    "x-hub-signature-256": "sha256=00",
    "x-b3-traceid": "1",
    "set-cookie": "a=1, b=2",
  });
  assert.equal(traceTag, "deploy-7");
});

test("an empty body is an empty object, a list stays one, JSON is what is meant when nothing is said", async () => {
  assert.deepEqual(await bodyOf("", "text/xml"), {});
  assert.deepEqual(await bodyOf('[{"a":1},2]', "application/json; charset=utf-8"), [{ a: 1 }, 2]);
  assert.deepEqual(await bodyOf('\uFEFF{"a":"ü"}'), { a: "ü" });
  assert.deepEqual(await bodyOf('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}'));
});

test("forms are maps of lists", async () => {
  const slack = "token=abc&command=%2Fdeploy&text=web+prod&tag=a&tag=b&empty=";
  assert.deepEqual(await bodyOf(slack, "application/x-www-form-urlencoded"), {
    token: ["abc"],
    command: ["/deploy"],
    text: ["web prod"],
    tag: ["a", "b"],
    empty: [""],
  });
  const form = new FormData();
  form.append("subject", "Störung");
  form.append("to", "a@example.org");
  form.append("to", "b@example.org");
  form.append("log", new File(["line"], "app.log", { type: "text/plain" }));
  form.append("image", new File([Uint8Array.of(0xff, 0xd8)], "x.jpg", { type: "image/jpeg" }));
  const sent = new Response(form);
  const contentType = sent.headers.get("content-type") ?? "";
  assert.deepEqual(await bodyOf(new Uint8Array(await sent.arrayBuffer()), contentType), {
    subject: ["Störung"],
    to: ["a@example.org", "b@example.org"],
    log: [{ filename: "app.log", content_type: "text/plain", size: 4, text: "line" }],
    image: [{ filename: "x.jpg", content_type: "image/jpeg", size: 2, base64: "/9g=" }],
  });
});

test("a form of very many fields is refused before it is taken apart", async () => {
  const type = "application/x-www-form-urlencoded";
  assert.match(await refusal("a&".repeat(1_000_000), type), /the form has 1000001 fields, and 10000 are the most/);
  assert.deepEqual(await bodyOf("a=1&".repeat(9_999), type), { a: Array.from({ length: 9_999 }, () => "1") });
});

test("a body that cannot be read is refused with the place, without repeating it", async () => {
  assert.equal(
    await refusal('{"password": "hunter2",\n  oops}'),
    "Failed to parse request body: Expecting property name enclosed in double quotes: line 2 column 3 (char 26)",
  );
  for (const [text, place] of [
    ['{"a": }', "Expecting value: line 1 column 7 (char 6)"],
    ["[1, 2", "Expecting ',' delimiter: line 1 column 6 (char 5)"],
    ["{} {}", "Extra data: line 1 column 4 (char 3)"],
    ['{"a" 1}', "Expecting ':' delimiter: line 1 column 6 (char 5)"],
    ['["a\nb"]', "Invalid control character: line 1 column 4 (char 3)"],
    ['["a\\q"]', "Invalid \\escape: line 1 column 4 (char 3)"],
    ['["a\\"]', "Unterminated string starting at: line 1 column 2 (char 1)"],
    ["[1,]", "Expecting value: line 1 column 4 (char 3)"],
    ["[[], {}, 01]", "Expecting ',' delimiter: line 1 column 11 (char 10)"],
    ["   ", "Expecting value: line 1 column 4 (char 3)"],
  ] as const) {
    assert.equal(await refusal(text), `Failed to parse request body: ${place}`);
  }
  assert.match(await refusal(Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d)), /not UTF-8: byte 3 /);
  assert.match(await refusal("--x\r\nbroken", "multipart/form-data; boundary=x"), /not the multipart/);
  assert.match(await refusal("a", "multipart/form-data"), /not the multipart/);
});

test("what is no object or array, or of another type, is refused", async () => {
  for (const text of ["1", '"text"', "null", "true"])
    assert.match(await refusal(text), /must be an object or an array/);
  assert.match(await refusal("<a/>", "text/xml"), /Unsupported Content-Type: "text\/xml"/);
  assert.match(await refusal("hello", "text/plain"), /Unsupported Content-Type/);
});

test("bodies that would break who walks them are refused", async () => {
  assert.match(await refusal(`${"[".repeat(50_000)}${"]".repeat(50_000)}`), /nested deeper than 200/);
  assert.match(await refusal("[".repeat(500_000)), /Expecting value/);
  assert.match(await refusal('{"a": 1e999}'), /too large/);
  assert.match(await refusal(`{"a": "${"\\u0041x".repeat(1_000_000)}" b}`), /Expecting ',' delimiter/);
});
