import vm from "node:vm";
import { Invalid } from "@squall/model";

/** Milliseconds a backtracking pattern may take over one value. */
const LIMIT_MS = 50;

interface Bench {
  readonly script: vm.Script;
  readonly context: vm.Context;
}
let bench: Bench | undefined;

/**
 * `regex.test(text)` on V8's backtracking engine, ended by a watchdog when it takes too long: `vm` is the one door in
 * Node to interrupt a running regular expression. It costs about 0.1 ms a call, so it is for patterns that need it.
 */
export function testWithin(regex: RegExp, text: string, pattern: string): boolean {
  bench ??= { script: new vm.Script("regex.test(text)"), context: vm.createContext({ regex: undefined, text: "" }) };
  bench.context.regex = regex;
  bench.context.text = text;
  try {
    return bench.script.runInContext(bench.context, { timeout: LIMIT_MS }) === true;
  } catch (cause) {
    throw new Invalid("rule.regex_too_slow", {
      message: `The pattern "${pattern}" took longer than ${LIMIT_MS} ms over a value of ${text.length} characters. Write it without lookaround and back-references, then it runs in linear time.`,
      cause,
    });
  } finally {
    bench.context.regex = undefined;
    bench.context.text = "";
  }
}
