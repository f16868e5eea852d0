/**
 * How many typical templates a second one thread evaluates, compiled before, and pipelines over 10,000 elements beside the
 * same in plain JavaScript. Run: `node bench/expressions.bench.ts`.
 * It does not measure compiling (see the last line for that), contexts that have to be fetched, or long texts.
 */
import { jsonpath, keyLookup, renderNative, renderParameters, renderText } from "@squall/expressions";

const keys = new Map([["threshold", "5"]]);
const context = {
  trigger: {
    status: "error",
    count: 7,
    body: { commits: [{ id: "a1b2" }, { id: "c3d4" }], rows: [{ name: "x" }, { name: "y" }] },
    headers: { "X-Event": "push" },
  },
  user: "stanley",
  st2kv: { system: keyLookup((key) => keys.get(key)) },
};
const path = jsonpath("trigger.body.rows[*].name");

const subjects: Readonly<Record<string, () => unknown>> = {
  "text: {{ trigger.status }}": () => renderText("{{ trigger.status }}", context),
  "text: two variables and text": () => renderText("alert {{ trigger.status }} from {{ user }}", context),
  "text: index, filter": () => renderText("{{ trigger.body.commits[0].id | upper }}", context),
  "text: condition": () => renderText("{% if trigger.count > 5 %}high{% else %}low{% endif %}", context),
  "text: loop over two": () => renderText("{% for i in trigger.body.rows %}{{ i.name }},{% endfor %}", context),
  "native: {{ trigger.count + 1 }}": () => renderNative("{{ trigger.count + 1 }}", context),
  "native: key lookup | int": () => renderNative("{{ st2kv.system.threshold | int }}", context),
  "parameters: four without templates": () => renderParameters({ a: "text", b: 5, c: { d: ["e"] }, f: true }, context),
  "parameters: two of four rendered": () =>
    renderParameters({ a: "{{ trigger.status }}", b: 5, c: { d: ["{{user}}"] }, f: true }, context),
  "jsonpath: trigger.body.rows[*].name": () => path(context),
};

function perSecond(subject: () => unknown, milliseconds: number): number {
  const end = performance.now() + milliseconds;
  const start = performance.now();
  let runs = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 1000; i++) subject();
    runs += 1000;
  }
  return (runs / (performance.now() - start)) * 1000;
}

for (const [name, subject] of Object.entries(subjects)) {
  perSecond(subject, 100);
  console.log(`${name.padEnd(40)} ${Math.round(perSecond(subject, 300)).toLocaleString("en").padStart(12)} /s`);
}
let fresh = 0;
const compiling = perSecond(() => renderText(`alert ${fresh++} {{ trigger.status }} from {{ user }}`, context), 300);
console.log(
  `${"text: never seen before (compiled)".padEnd(40)} ${Math.round(compiling).toLocaleString("en").padStart(12)} /s`,
);

const servers = Array.from({ length: 10_000 }, (_, i) => ({ id: i, cpu: i % 16, name: `server-${i}` }));

function millisOf(action: () => unknown): number {
  for (let i = 0; i < 20; i++) action();
  const start = performance.now();
  for (let i = 0; i < 40; i++) action();
  return (performance.now() - start) / 40;
}

console.log("\n10,000 elements: ms with Jinja, ms with plain JavaScript");
for (const [name, template, javascript] of [
  [
    "filter, map, sort, take",
    "{{ (servers | selectattr('cpu', 'gt', 8) | map(attribute='id') | sort(reverse=true) | list)[:100] }}",
    () =>
      servers
        .filter((server) => server.cpu > 8)
        .map((server) => server.id)
        .sort((a, b) => b - a)
        .slice(0, 100),
  ],
  [
    "filter, map, sum",
    "{{ servers | selectattr('cpu', 'lt', 8) | map(attribute='id') | sum }}",
    () =>
      servers
        .filter((server) => server.cpu < 8)
        .map((server) => server.id)
        .reduce((a, b) => a + b, 0),
  ],
  [
    "loop that prints each name",
    "{% for server in servers %}{{ server.name | upper }},{% endfor %}",
    () => servers.map((server) => `${server.name.toUpperCase()},`).join(""),
  ],
] as const) {
  const jinja = millisOf(() => renderNative(template, { servers }));
  console.log(`${jinja.toFixed(2).padStart(12)} ${millisOf(javascript).toFixed(2).padStart(8)}  ${name}`);
}
