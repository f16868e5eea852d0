import { Invalid, messageOf } from "@squall/model";
import { RE2JS } from "re2js";
import { runWithin } from "./bounded-run.ts";
import { translatePythonRegex } from "./python-regex-syntax.ts";

/** Longest text a rule's regular expression is run over, in UTF-16 units. */
export const MAX_SUBJECT = 1_000_000;
/** Longest pattern: compiling takes time, too. */
const MAX_PATTERN = 10_000;
/** States of a pattern times characters of a value: about 20 ms of RE2's slow way. Beyond it runs under the watchdog. */
const UNWATCHED_WORK = 1_000_000;

export interface PythonRegexOptions {
  readonly ignoreCase?: boolean;
  readonly dotAll?: boolean;
  /** `re.match`: only at the start of the text. Otherwise `re.search`. */
  readonly anchored?: boolean;
}

/**
 * Compiles a regular expression in Python's syntax to a test. Payloads come from outside, so a test's time is bounded:
 * patterns run on RE2 (linear time); those that RE2 cannot express (lookaround, back-references) run on V8; whatever
 * may take long runs under a watchdog and throws Invalid `rule.regex-too-slow`. Throws Invalid when it is no pattern, or uses
 * what neither engine knows (atomic groups, possessive quantifiers, conditionals).
 */
export function compilePythonRegex(pattern: string, options: PythonRegexOptions = {}): (text: string) => boolean {
  if (pattern.length > MAX_PATTERN) {
    throw new Invalid("rule.regex-invalid", {
      message: `The pattern has ${pattern.length} characters; regular expressions of rules have at most ${MAX_PATTERN}.`,
    });
  }
  let linear = compileLinear(pattern, options);
  let native = linear ? undefined : compileNative(pattern, options);
  return (text) => {
    if (text.length > MAX_SUBJECT) {
      throw new Invalid("rule.regex-subject-too-long", {
        message: `The value has ${text.length} characters; regular expressions of rules are run over at most ${MAX_SUBJECT}.`,
      });
    }
    // RE2's \b knows ASCII only; where that could make a difference, V8 decides.
    if (!linear || (linear.wordBoundary && NON_ASCII.test(text))) {
      const regex = (native ??= compileNative(pattern, options));
      return runWithin(() => regex.test(text), pattern, text.length);
    }
    const { regex, states } = linear;
    if (states * text.length <= UNWATCHED_WORK) return regex.test(text);
    try {
      return runWithin(() => regex.test(text), pattern, text.length);
    } catch (thrown) {
      linear = compileLinear(pattern, options);
      throw thrown;
    }
  };
}

const NON_ASCII = /\P{ASCII}/u;

interface Linear {
  readonly regex: RE2JS;
  /** Instructions of its program. */
  readonly states: number;
  readonly wordBoundary: boolean;
}

function compileLinear(pattern: string, options: PythonRegexOptions): Linear | undefined {
  const translation = translatePythonRegex(pattern, "re2", options);
  if (translation.needsNative) return undefined;
  try {
    const regex = RE2JS.compile(translation.source);
    return { regex, states: regex.programSize(), wordBoundary: translation.wordBoundary };
  } catch {
    // Whether the pattern is wrong or merely beyond RE2 (x{2000}), V8 tells.
    return undefined;
  }
}

function compileNative(pattern: string, options: PythonRegexOptions): RegExp {
  const { source, ignoreCase } = translatePythonRegex(pattern, "native", options);
  try {
    return new RegExp(source, ignoreCase ? "ui" : "u");
  } catch (cause) {
    throw new Invalid("rule.regex-invalid", {
      message: `"${pattern}" is not a regular expression: ${messageOf(cause).split(": ").at(-1)}.`,
      cause,
    });
  }
}
