// What `npm start`, `npm test` and their sisters run: brings what is missing, then does what was asked.
//
// Plain JavaScript for Node 20.19 and newer without a dependency, because it runs before there is anything else.
// Everything it starts, npm included, runs on the Node that `runtimeNode` answers.

import { existsSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { exitStatus, foreground } from "./child.mjs";
import { ensureInstalled } from "./install.mjs";
import { runtimeNode } from "./runtime.mjs";
import { Failure, fail, say } from "./say.mjs";
import { check, format, test, testOnCluster } from "./stages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** `squall server` is a program of its own: the command line room speaks to servers and cannot be one. */
const SERVER = "packages/server/src/main.ts";
const CLI = "packages/cli/src/main.ts";
/** What is done to an installation itself, on its machine. */
const OPERATE = "packages/server/src/operate/main.ts";
const OPERATED = ["backup", "restore", "migrate-store"];

/** By name: `(node, args) => exit status`. */
const commands = {
  start: (node, args) => program(node, SERVER, args),
  squall: (node, args) =>
    args[0] === "server"
      ? program(node, SERVER, args.slice(1), callerFolder())
      : program(node, OPERATED.includes(args[0]) ? OPERATE : CLI, args, callerFolder()),
  bench: (node, args) => program(node, "bench/main.ts", args),
  check: (node) => check({ root, node, env: environment() }),
  test: (node, args) => test({ root, node, env: environment() }, args),
  "test:cluster": (node, args) => testOnCluster({ root, node, env: environment() }, args),
  conformance: (node, args) => conformance(node, args),
  chaos: (node, args) => program(node, "test/chaos/cluster/main.ts", args),
  format: (node) => format({ root, node, env: environment() }),
};

/**
 * Replays recordings of the original languages through ours. They are not part of the checkout: SQUALL_CONFORMANCE or
 * `--dir FOLDER` says where they are, with the program that grades.
 */
async function conformance(node, args) {
  const at = args.indexOf("--dir");
  const folder = resolve(
    callerFolder() ?? root,
    (at >= 0 ? args[at + 1] : undefined) ?? process.env.SQUALL_CONFORMANCE ?? join(root, "..", "shared", "conformance"),
  );
  const grader = [join(folder, "grade.mjs"), join(root, "..", "shared", "conformance", "grade.mjs")].find(existsSync);
  if (!grader) {
    say(`skipped: there are no recordings in ${folder}; SQUALL_CONFORMANCE or --dir says where they are`);
    return 0;
  }
  const rest = at >= 0 ? args.toSpliced(at, 2) : args;
  const adapter = join(root, "test", "conformance", "adapter.ts");
  const flags = ["--disable-warning=ExperimentalWarning"];
  const end = await foreground(node, [...flags, grader, adapter, "--dir", folder, ...rest], { env: environment() });
  return exitStatus(end);
}

/** The environment for our own programs: Node keeps their compiled code between runs, which halves a start. */
function environment() {
  // npm puts the folders of its packages' commands first; actions inherit the server's PATH and must not find those.
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !/(?:node_modules[\\/]\.bin|node-gyp-bin)$/.test(folder));
  return { NODE_COMPILE_CACHE: join(root, ".squall", "compile-cache"), ...process.env, PATH: path.join(delimiter) };
}

/** Where the person stood: npm changes to the checkout before it runs a script, and paths in arguments are relative to there. */
function callerFolder() {
  return ["squall", "conformance"].includes(process.env.npm_lifecycle_event) ? process.env.INIT_CWD : undefined;
}

async function program(node, file, args, cwd) {
  if (!existsSync(join(root, file))) fail(`this checkout has no ${file}`);
  // node:sqlite works but announces on every start that it is experimental.
  const flags = ["--disable-warning=ExperimentalWarning"];
  // On a large machine Node lets garbage pile up: a server with 35 MB of live objects grew to 340 MB under load. With a
  // small young generation, and an old one that is collected at twice its live size, it stays near 200 and is as fast.
  // This can only be said when a process starts.
  if (file === SERVER) flags.push("--max-semi-space-size=8", "--heap-growing-percent=100");
  const end = await foreground(node, [...flags, join(root, file), ...args], { env: environment(), cwd });
  return exitStatus(end);
}

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
  if (!command) fail(`scripts/run.mjs knows ${Object.keys(commands).join(", ")}; '${name ?? ""}' is none of them`);
  const node = await runtimeNode(root);
  await ensureInstalled(root, node);
  return command(node, args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  say(error.message);
  process.exitCode = 1;
}
