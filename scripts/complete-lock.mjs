// Names in package-lock.json the platform packages that the registry in use did not offer.
//
// A compiled tool has one optional package per platform. A registry that mirrors only some of them makes `npm install`
// leave the others out of the lock file, and `npm ci` then refuses that file, everywhere. This adds them, with the version
// their tool asks for and the platform their name states, but without a checksum, which only their registry knows.
// Run it (`npm run lock`) after `npm install` changed the lock file; where nothing is missing it changes nothing.

import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

/**
 * The platform a package name such as `@oxlint/binding-linux-x64-musl` states, as npm's `os`, `cpu` and `libc` fields.
 * Undefined where the name states none.
 */
export function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (!os || !cpu) return undefined;
  const libc = words.some((word) => word.startsWith("musl"))
    ? "musl"
    : words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : undefined;
  return { cpu: [cpu], ...(libc && { libc: [libc] }), os: [os] };
}

/** The optional packages that some package of the lock asks for and the lock does not hold: `{ name, version, dev }`. */
export function missingFrom(lock) {
  const missing = [];
  for (const [at, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const held = lock.packages[`${at}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
      if (!held) missing.push({ name, version, dev: entry.dev === true });
    }
  }
  return missing;
}

/** The lock with every missing platform package added; packages whose name states no platform are left alone. */
export function completed(lock) {
  const packages = { ...lock.packages };
  for (const { name, version, dev } of missingFrom(lock)) {
    const platform = platformOf(name);
    if (!platform || !/^\d+\.\d+\.\d+/.test(version)) continue;
    const { cpu, libc, os } = platform;
    packages[`node_modules/${name}`] = { version, cpu, ...(dev && { dev }), ...(libc && { libc }), optional: true, os };
  }
  const [root, ...rest] = Object.entries(packages);
  // npm writes entries and fields in this order; staying in it keeps later differences small.
  return { ...lock, packages: Object.fromEntries([root, ...rest.sort(([a], [b]) => a.localeCompare(b, "en"))]) };
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const file = new URL("../package-lock.json", import.meta.url);
  const before = readFileSync(file, "utf8");
  const after = `${JSON.stringify(completed(JSON.parse(before)), null, 2)}\n`;
  if (after !== before) writeFileSync(file, after);
  const left = missingFrom(JSON.parse(after)).map((entry) => entry.name);
  console.log(after === before ? "package-lock.json is complete" : "package-lock.json completed");
  if (left.length > 0) {
    console.error(`package-lock.json: npm did not find ${left.join(", ")}; add what is needed by hand`);
    process.exitCode = 1;
  }
}
