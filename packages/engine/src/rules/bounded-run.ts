import vm from "node:vm";
import { Invalid, messageOf } from "@squall/model";

/** Milliseconds a pattern may take over one value. */
const LIMIT_MS = 100;

interface Watch {
  readonly script: vm.Script;
  readonly context: vm.Context;
}
let watch: Watch | undefined;

/**
 * Runs a test under a watchdog: `vm` is the one door in Node to interrupt running code, a regular expression of V8
 * included. It costs about 0.1 ms a call, so it is for tests that may need it. What was interrupted may be left in
 * any state and must not be used again.
 */
export function runWithin(test: () => boolean, pattern: string, length: number): boolean {
  watch ??= { script: new vm.Script("test()"), context: vm.createContext({ test: undefined }) };
  watch.context.test = test;
  try {
    return watch.script.runInContext(watch.context, { timeout: LIMIT_MS }) === true;
  } catch (cause) {
    const shown = pattern.length > 200 ? `${pattern.slice(0, 200)}...` : pattern;
    throw new Invalid("rule.regex-too-slow", {
      message: `The pattern "${shown}" was stopped after ${LIMIT_MS} ms over a value of ${length} characters (${messageOf(cause)}). Make it simpler: without lookaround, back-references and high repetition counts it takes time in proportion to the value.`,
      cause,
    });
  } finally {
    watch.context.test = undefined;
  }
}
