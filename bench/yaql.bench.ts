/**
 * How many short expressions are evaluated a second once they are compiled, and a pipeline over 10,000 elements beside
 * the same in plain JavaScript. One thread, no I/O; the data is small and warm, so this says nothing about large contexts.
 */
import { compile, createContext, registerFunction } from "@squall/yaql";

const data = {
  name: "web1",
  n: 7,
  status: "ACTIVE",
  server: { addr: { v4: "10.0.0.1" }, tags: ["prod", "web"], cpu: 4 },
};
const variables = { host: "db1", limit: 3 } as Record<string, unknown>;
const context = createContext();
registerFunction(context, "ctx(key: string? = null)", (_context, key) =>
  key === null ? variables : variables[String(key)],
);

const SHORT = [
  "$.name",
  "$.server.addr.v4",
  "$.n + 1",
  "$.n > 5 and $.status = ACTIVE",
  "ctx().host",
  "ctx(limit) * 2",
  "not $.n in [1, 2, 3]",
  "$.server.tags[0]",
  "$.name.toUpper()",
  "$.server.tags.len()",
  "'host: ' + $.name",
  "switch($.n > 10 => big, true => small)",
  "coalesce($.server.get(gpu), none)",
  "$.server.tags.join(',')",
  "{name => $.name, cpu => $.server.cpu}",
  "$.server.tags.where($ = prod).first()",
];

function perSecond(action: () => void, millis: number): number {
  for (let i = 0; i < 2_000; i++) action();
  const start = performance.now();
  let rounds = 0;
  while (performance.now() - start < millis) {
    for (let i = 0; i < 1_000; i++) action();
    rounds += 1_000;
  }
  return (rounds / (performance.now() - start)) * 1_000;
}

const rate = (value: number) => Math.round(value).toLocaleString("en").padStart(12);

console.log("short expressions, compiled: evaluations/s");
let inverse = 0;
for (const text of SHORT) {
  const expression = compile(text);
  const result = perSecond(() => expression.evaluate(data, context), 200);
  inverse += 1 / result;
  console.log(`${rate(result)}  ${text}`);
}
console.log(`${rate(SHORT.length / inverse)}  all of them in turn`);
console.log(
  `${rate(perSecond(() => compile("$.n > 5 and $.status = ACTIVE"), 200))}  compilations of '$.n > 5 and $.status = ACTIVE'`,
);

const servers = Array.from({ length: 10_000 }, (_, i) => ({ id: i, cpu: i % 16, name: `server-${i}` }));
const pipeline = compile(
  "$.where($.cpu > 8).select({id => $.id, label => $.name.toUpper()}).orderByDescending($.id).take(100)",
);
const plain = () =>
  servers
    .filter((server) => server.cpu > 8)
    .map((server) => ({ id: server.id, label: server.name.toUpperCase() }))
    .sort((a, b) => b.id - a.id)
    .slice(0, 100);
const sum = compile("$.where($.cpu mod 2 = 0).select($.id * 2).sum()");
const plainSum = () =>
  servers
    .filter((server) => server.cpu % 2 === 0)
    .map((server) => server.id * 2)
    .reduce((a, b) => a + b, 0);

function millisOf(action: () => unknown): number {
  for (let i = 0; i < 20; i++) action();
  const start = performance.now();
  for (let i = 0; i < 40; i++) action();
  return (performance.now() - start) / 40;
}

console.log("\n10,000 elements: ms with YAQL, ms with plain JavaScript");
for (const [name, yaql, javascript] of [
  ["filter, map to objects, sort, take", () => pipeline.evaluate(servers), plain],
  ["filter, map, sum", () => sum.evaluate(servers), plainSum],
] as const) {
  console.log(`${millisOf(yaql).toFixed(2).padStart(12)} ${millisOf(javascript).toFixed(2).padStart(8)}  ${name}`);
}
