import { Invalid, messageOf } from "@squall/model";
import { RE2JS } from "re2js";
import { testWithin } from "./bounded-native-regex.ts";
import { type Translation, translatePythonRegex } from "./python-regex-syntax.ts";

/** Longest text a rule's regular expression is run over, in UTF-16 units. */
export const MAX_SUBJECT = 1_000_000;

export interface PythonRegexOptions {
  readonly ignoreCase?: boolean;
  readonly dotAll?: boolean;
  /** `re.match`: only at the start of the text. Otherwise `re.search`. */
  readonly anchored?: boolean;
}

/**
 * Compiles a regular expression in Python's syntax to a test. Payloads come from outside, so the cost must be bounded
 * by the payload's length: patterns run on RE2 (linear time); those that RE2 cannot express (lookaround,
 * back-references) run on V8 under a time limit. Throws Invalid when it is no pattern, or uses what neither knows
 * (atomic groups, possessive quantifiers, conditionals).
 */
export function compilePythonRegex(pattern: string, options: PythonRegexOptions = {}): (text: string) => boolean {
  const linear = compileLinear(pattern, options);
  let native: RegExp | undefined;
  const testNative = (text: string): boolean => {
    native ??= compileNative(pattern, options);
    return testWithin(native, text, pattern);
  };
  if (linear === undefined) native = compileNative(pattern, options);
  return (text) => {
    if (text.length > MAX_SUBJECT) {
      throw new Invalid("rule.regex_subject_too_long", {
        message: `The value has ${text.length} characters; regular expressions of rules are run over at most ${MAX_SUBJECT}.`,
      });
    }
    if (linear === undefined) return testNative(text);
    // RE2's \b knows ASCII only; where that could make a difference, V8 decides.
    if (linear.translation.wordBoundary && NON_ASCII.test(text)) return testNative(text);
    return linear.regex.test(text);
  };
}

const NON_ASCII = /\P{ASCII}/u;

function compileLinear(
  pattern: string,
  options: PythonRegexOptions,
): { readonly regex: RE2JS; readonly translation: Translation } | undefined {
  const translation = translatePythonRegex(pattern, "re2", options);
  if (translation.needsNative) return undefined;
  try {
    return { regex: RE2JS.compile(translation.source), translation };
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
    throw new Invalid("rule.regex_invalid", {
      message: `"${pattern}" is not a regular expression: ${messageOf(cause).split(": ").at(-1)}.`,
      cause,
    });
  }
}
