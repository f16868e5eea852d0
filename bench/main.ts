import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/*
 * `npm run bench` runs every benchmark, each in a process of its own, one after the other; `npm run bench -- loop spawn`
 * runs those named. Each prints what it measures, what it does not, and ratios against something bare in the same run.
 */
const found = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".bench.ts"))
  .map((name) => name.slice(0, -".bench.ts".length));
// The whole system first: it is what people ask for.
const names = ["loop", ...found.filter((name) => name !== "loop")];
const asked = process.argv.slice(2).filter((one) => !one.startsWith("-"));
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(", ")}; there are ${names.join(", ")}`);
  process.exit(2);
}
let failed = 0;
for (const name of asked.length > 0 ? asked : names) {
  console.log(`\n=== ${name} ===`);
  const { status } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, `${name}.bench.ts`)],
    { stdio: "inherit" },
  );
  if (status !== 0) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;
