/** Replays recordings of the original: those beside the repository, or in the folder that SQUALL_CONFORMANCE names. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compile, createContext, DateTime, Timespan, toJson, YaqlError } from "./index.ts";

interface Recording {
  readonly mode: string;
  readonly expr: string;
  readonly data?: unknown;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly options?: { delegates?: boolean; limitIterators?: number; keywordOperator?: string | null };
  readonly result?: unknown;
  readonly error?: { readonly class: string; readonly message?: string };
  readonly unordered_paths?: readonly string[];
  readonly flags?: readonly string[];
}

const folder = process.env.SQUALL_CONFORMANCE ?? join(import.meta.dirname, "../../../../shared/conformance");
const file = join(folder, "yaql.jsonl");
/** What the recordings say of their host, and a value read from JSON cannot show. */
const NOT_PORTABLE = ["host_artifact", "integral_float_input"];

function outcome(recording: Recording): { value: unknown } | { error: YaqlError } {
  const { options = {}, vars = {} } = recording;
  const context = createContext(undefined, options);
  for (const [name, value] of Object.entries(vars)) context.set(name, value);
  try {
    const expression = compile(recording.expr, { ...options, convertSetsToLists: true });
    return { value: tagged(expression.evaluate(recording.data, context)) };
  } catch (error) {
    if (error instanceof YaqlError) return { error };
    throw error;
  }
}

/** Results in the form of the recordings: JSON, with tags for dates and timespans. */
function tagged(value: unknown): unknown {
  if (value instanceof DateTime) return { $type: "datetime", iso: value.iso() };
  if (value instanceof Timespan) return { $type: "timespan", microseconds: Number(value.micros) };
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Map) {
    return Object.fromEntries(
      Array.from(value, ([k, v]) => [typeof k === "string" ? k : JSON.stringify(k), tagged(v)]),
    );
  }
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tagged(v)]));
  }
  return toJson(value);
}

function isSame(got: unknown, want: unknown, unordered: readonly string[], path = ""): boolean {
  if (typeof want === "number" && typeof got === "number") {
    return Math.abs(got - want) <= 1e-9 * Math.max(1, Math.abs(got), Math.abs(want));
  }
  if (typeof want !== "object" || want === null || typeof got !== "object" || got === null) return got === want;
  if (Array.isArray(want)) {
    if (!Array.isArray(got) || got.length !== want.length) return false;
    if (!unordered.includes(path)) return want.every((item, i) => isSame(got[i], item, unordered, `${path}/${i}`));
    const rest = [...got];
    return want.every((item) => {
      const at = rest.findIndex((candidate) => isSame(candidate, item, unordered));
      if (at >= 0) rest.splice(at, 1);
      return at >= 0;
    });
  }
  const [a, b] = [got as Record<string, unknown>, want as Record<string, unknown>]; // neither is null, and both are objects
  const keys = Object.keys(b);
  return (
    keys.length === Object.keys(a).length &&
    keys.every((k) => Object.hasOwn(a, k) && isSame(a[k], b[k], unordered, `${path}/${k}`))
  );
}

const skip = existsSync(file) ? false : `no recordings at ${file}`;

test("expressions give what they give in the original, and fail where they fail there", { skip }, () => {
  const recordings = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Recording)
    .filter(({ mode, flags = [] }) => mode === "yaql" && !flags.some((flag) => NOT_PORTABLE.includes(flag)));
  const wrong = { value: [] as string[], raises: [] as string[], kind: [] as string[], message: [] as string[] };
  let errors = 0;
  for (const recording of recordings) {
    const got = outcome(recording);
    if (recording.error === undefined) {
      const fits = "value" in got && isSame(got.value, recording.result, recording.unordered_paths ?? []);
      if (!fits)
        wrong.value.push(`${recording.expr}: ${JSON.stringify(got)} is not ${JSON.stringify(recording.result)}`);
      continue;
    }
    errors++;
    if (!("error" in got)) {
      wrong.raises.push(`${recording.expr}: ${JSON.stringify(got.value)}`);
      continue;
    }
    if (got.error.class !== recording.error.class) wrong.kind.push(`${recording.expr}: ${got.error.class}`);
    const { message = got.error.message } = recording.error;
    if (got.error.message !== message) wrong.message.push(`${recording.expr}: ${got.error.message}`);
  }
  const share = (list: readonly string[], total: number) => 1 - list.length / Math.max(1, total);
  assert.ok(share(wrong.value, recordings.length - errors) >= 0.99, wrong.value.join("\n"));
  assert.ok(share(wrong.raises, errors) >= 0.99, wrong.raises.join("\n"));
  assert.ok(share(wrong.kind, errors) >= 0.98, wrong.kind.join("\n"));
  assert.ok(share(wrong.message, errors) >= 0.95, wrong.message.join("\n"));
});
