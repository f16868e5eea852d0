// How `npm test` shows a run of node:test: nothing about what passed, everything about what failed, then the counts.

import { relative } from "node:path";
import { inspect } from "node:util";

/** Of what a test file printed, this much of the end is shown when something in it failed. */
const SHOWN_OUTPUT = 4_000;

export default async function* reporter(events) {
  const printed = new Map();
  const skipped = [];
  let summary;
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") {
      printed.set(data.file, ((printed.get(data.file) ?? "") + data.message).slice(-SHOWN_OUTPUT));
    } else if (type === "test:fail" && !isOnlyItsChildren(data)) {
      yield failure(data);
      yield output(data.file, printed);
    } else if (type === "test:pass" && data.skip !== undefined) {
      skipped.push(`skipped: ${data.name} (${at(data)})${typeof data.skip === "string" ? `: ${data.skip}` : ""}\n`);
    } else if (type === "test:summary" && data.file === undefined) {
      summary = data;
    }
  }
  yield* skipped;
  if (!summary) return;
  const { counts, duration_ms: durationMs } = summary;
  yield `# tests ${counts.tests}\n# pass ${counts.passed}\n# fail ${counts.failed}\n# cancelled ${counts.cancelled}\n`;
  yield `# skipped ${counts.skipped}\n# todo ${counts.todo}\n# duration_ms ${Math.round(durationMs)}\n`;
  process.send?.(counts);
}

/** A suite or file fails with its tests; only the tests themselves are worth telling. */
function isOnlyItsChildren(data) {
  return data.details.error?.failureType === "subtestsFailed";
}

function at({ file, line }) {
  return file === undefined ? "no file" : `${relative(process.cwd(), file)}:${line}`;
}

function failure(data) {
  const { error } = data.details;
  const reason = error?.failureType === "testCodeFailure" ? (error.cause ?? error) : error;
  const text = typeof reason === "string" ? reason : inspect(reason, { depth: 6 });
  return `\nFAILED ${data.name}\n  ${at(data)}\n${text.replace(/^/gm, "    ")}\n`;
}

function output(file, printed) {
  const text = printed.get(file);
  printed.delete(file);
  return text ? `  printed by this file before:\n${text.trimEnd().replace(/^/gm, "    | ")}\n` : "";
}
