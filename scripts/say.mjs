// What the scripts tell the person at the terminal. All of it goes to standard error: standard output belongs to the program run.

/** One line about what is going on. */
export function say(message) {
  process.stderr.write(`squall: ${message}\n`);
}

/** A reason to end with status 1 that is not our mistake; its message says what to do and is all that is shown. */
export class Failure extends Error {}

/** Throws a `Failure`. */
export function fail(message) {
  throw new Failure(message);
}

/** The time since `startedMs`, as "3.1 s". */
export function seconds(startedMs) {
  return `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
}

const UNREACHABLE =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/** What to tell about an npm run that failed: its last lines, and the likely cure. */
export function npmFailure(what, { output, code, signal }) {
  const lines = output
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^npm (?:warn|error\s*(?:at |[{}]|$))/.test(line))
    .slice(-15);
  const unreachable = UNREACHABLE.exec(output)?.[0];
  return [
    `${what}: npm ended with ${signal ?? `status ${code}`}. Its last lines:`,
    ...lines.map((line) => `    ${line}`),
    cure(unreachable, output),
  ].join("\n");
}

function cure(unreachable, output) {
  if (unreachable) {
    return `The npm registry cannot be reached (${unreachable}). Check the network, the proxy settings and \`npm config get registry\`, then run the same command again.`;
  }
  if (/\bEINTEGRITY\b/.test(output)) {
    return "The registry or npm's cache gave other bytes than were pinned. Run `npm cache verify` and try again; if it stays so, do not trust that registry.";
  }
  if (/\bENOSPC\b/.test(output)) return "The disk is full. Make room (about 400 MB), then run the same command again.";
  if (/\b(EACCES|EPERM)\b/.test(output)) {
    return "A file could not be written. Check who owns this checkout and npm's cache folder, then run the same command again.";
  }
  if (/package-lock\.json/.test(output) && /in sync/.test(output)) {
    return "package.json and package-lock.json differ. Run `npm install` and `npm run lock`, and commit the lock file.";
  }
  return "When it is mended, run the same command again: it starts over where this left off.";
}
