// How `npm test` shows a run of node:test: nothing about what passed, everything about what failed, then the counts.

import { relative, resolve } from "node:path";
import { inspect } from "node:util";

/** Of what a test file printed, this much of the end is shown when something in it failed. */
const SHOWN_OUTPUT = 4_000;

export default async function* reporter(events) {
  const printed = new Map();
  const failed = new Set();
  const skipped = [];
  let summary;
  for await (const { type, data } of events) {
    // Whoever watches over the run is to know that it goes on.
    process.send?.({ type });
    if (type === "test:stdout" || type === "test:stderr") {
      // Node names the file of a result by its full path, that of an output as it was given.
      const file = resolve(data.file);
      printed.set(file, ((printed.get(file) ?? "") + data.message).slice(-SHOWN_OUTPUT));
    } else if (type === "test:fail" && !isOnlyItsChildren(data)) {
      failed.add(resolve(data.file ?? ""));
      yield failure(data);
    } else if (type === "test:pass" && data.skip !== undefined) {
      skipped.push(`skipped: ${data.name} (${at(data)})${typeof data.skip === "string" ? `: ${data.skip}` : ""}\n`);
    } else if (type === "test:summary" && data.file === undefined) {
      summary = data;
    }
  }
  for (const file of failed) yield output(file, printed.get(file));
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
  return `\nFAILED ${data.name}\n  ${at(data)}\n${textOf(reason).replace(/^/gm, "    ")}\n`;
}

/** An assertion's message holds its values already; of any other error the fields and causes are worth seeing. */
function textOf(reason) {
  if (typeof reason === "string") return reason;
  const text = reason?.code === "ERR_ASSERTION" ? reason.stack : inspect(reason, { depth: 6 });
  return text.replace(/^ +at .*\bnode:internal\/.*\n?/gm, "").trimEnd();
}

/** What a file printed comes apart from its tests' results, so it cannot be told which of them printed it. */
function output(file, text) {
  if (!text) return "";
  return `\nprinted by ${relative(process.cwd(), file)}:\n${text.trimEnd().replace(/^/gm, "    | ")}\n`;
}
