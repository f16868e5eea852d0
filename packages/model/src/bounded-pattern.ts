import vm from "node:vm";
import { Invalid } from "./errors.ts";
import { compilePattern } from "./pattern.ts";

/** Milliseconds a pattern may take over one text. */
const LIMIT_MS = 100;
/** At this length even the worst pattern is through within milliseconds. */
const SHORT = 16;
/** What can make a pattern slow: a repetition without an end, or a back-reference. */
const REPEATS = /[*+]|\{\d*,|\\[1-9k]/;

interface Watch {
  readonly script: vm.Script;
  readonly context: vm.Context;
}
let watch: Watch | undefined;

/**
 * A `pattern` of a schema as a test that cannot go on for ever: packs write patterns such as `^(a+)+$`, and the texts come
 * from outside. Undefined when it is no pattern. The test throws Invalid `schema.pattern-too-slow` after 100 ms.
 */
export function boundedPattern(pattern: string): ((text: string) => boolean) | undefined {
  const regex = compilePattern(pattern);
  if (regex === undefined) return undefined;
  const isQuick = !REPEATS.test(pattern);
  return (text) =>
    isQuick || text.length <= SHORT ? regex.test(text) : watched(() => regex.test(text), pattern, text);
}

/** `vm` is the one door in Node to interrupt running code, regular expressions included; it costs about 0.1 ms. */
function watched(test: () => boolean, pattern: string, text: string): boolean {
  watch ??= { script: new vm.Script("test()"), context: vm.createContext({ test: undefined }) };
  watch.context.test = test;
  try {
    return watch.script.runInContext(watch.context, { timeout: LIMIT_MS }) === true;
  } catch (cause) {
    throw new Invalid("schema.pattern-too-slow", {
      message:
        `the pattern "${pattern.slice(0, 200)}" was stopped after ${LIMIT_MS} ms over a text of ${text.length} characters; ` +
        "write it without repetitions inside repetitions, such as (a+)+",
      cause,
    });
  } finally {
    watch.context.test = undefined;
  }
}
