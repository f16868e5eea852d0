/** What an error is about: the kinds a caller may want to tell apart, by the name of the rule that was broken. */
export type YaqlErrorClass =
  | "grammar"
  | "lexical"
  | "unknown_function"
  | "unknown_method"
  | "no_matching_function"
  | "no_matching_method"
  | "ambiguous_function"
  | "ambiguous_method"
  | "argument"
  | "mapping_translation"
  | "collection_too_large"
  | "key"
  | "index"
  | "type"
  | "value"
  | "stop_iteration"
  | "zero_division"
  | "assertion"
  | "attribute"
  | "overflow"
  | "regex"
  | "limit";

/** The name the original's exception has, which StackStorm's users see in messages. */
const EXCEPTION_NAMES: Readonly<Record<YaqlErrorClass, string>> = {
  grammar: "YaqlGrammarException",
  lexical: "YaqlLexicalException",
  unknown_function: "NoFunctionRegisteredException",
  unknown_method: "NoMethodRegisteredException",
  no_matching_function: "NoMatchingFunctionException",
  no_matching_method: "NoMatchingMethodException",
  ambiguous_function: "AmbiguousFunctionException",
  ambiguous_method: "AmbiguousMethodException",
  argument: "ArgumentException",
  mapping_translation: "MappingTranslationException",
  collection_too_large: "CollectionTooLargeException",
  key: "KeyError",
  index: "IndexError",
  type: "TypeError",
  value: "ValueError",
  stop_iteration: "StopIteration",
  zero_division: "ZeroDivisionError",
  assertion: "AssertionError",
  attribute: "AttributeError",
  overflow: "OverflowError",
  regex: "error",
  limit: "MemoryQuotaExceededException",
};

/** Anything that goes wrong with an expression: its text or its evaluation. `class` tells what, `type` as the original names it. */
export class YaqlError extends Error {
  readonly class: YaqlErrorClass;
  readonly type: string;
  constructor(kind: YaqlErrorClass, message: string, options: { type?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "YaqlError";
    this.class = kind;
    this.type = options.type ?? EXCEPTION_NAMES[kind];
  }
}

/** The text is no YAQL expression. */
export class YaqlSyntaxError extends YaqlError {
  /** Where the offending token starts, in UTF-16 units; the length of the text at its unexpected end. */
  readonly position: number;
  constructor(kind: "grammar" | "lexical", message: string, position: number) {
    super(kind, message);
    this.name = "YaqlSyntaxError";
    this.position = position;
  }
}

/** The evaluation would take more time or memory than it may. */
export class YaqlLimitError extends YaqlError {
  constructor(kind: "collection_too_large" | "limit", message: string) {
    super(kind, message);
    this.name = "YaqlLimitError";
  }
}

/** A key that a map does not have; the key is kept as a value for callers that name it. */
export class YaqlKeyError extends YaqlError {
  readonly key: unknown;
  constructor(key: unknown, message: string) {
    super("key", message);
    this.name = "YaqlKeyError";
    this.key = key;
  }
}

export const typeError = (message: string): YaqlError => new YaqlError("type", message);
export const valueError = (message: string): YaqlError => new YaqlError("value", message);
export const stopIteration = (message = ""): YaqlError => new YaqlError("stop_iteration", message);
