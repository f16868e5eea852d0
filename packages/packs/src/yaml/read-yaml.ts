import { Invalid, TooLarge } from "@squall/model";
import { YAMLException } from "js-yaml";
import { compose } from "./compose.ts";
import { explainSyntax } from "./explain-syntax.ts";
import { type Parsed, parseAsPyYaml } from "./parse-events.ts";
import { type Place, type Positions, placer, positionsOf } from "./positions.ts";

/** What a YAML text holds. */
export interface YamlDocument {
  /** JSON, but that `.inf` and `.nan` are numbers too. An empty text is null, as in PyYAML. */
  readonly value: unknown;
  readonly positions: Positions;
  /** Things that can be read but are hardly meant: a key given twice, a key that YAML takes for a boolean. */
  readonly warnings: readonly YamlWarning[];
}

export interface YamlWarning {
  readonly message: string;
  readonly at: Place;
}

/** Metadata is written by hand; StackStorm's largest files have some ten thousand characters. */
export const MAX_YAML_BYTES = 1_048_576;
/** Collections within collections. */
const MAX_DEPTH = 100;
/**
 * Reads one YAML document as PyYAML's safe loader does (YAML 1.1). Bytes must be UTF-8. Differences, all because the
 * outcome is JSON: dates and times become ISO text, binary stays base64, keys that are no strings become the strings
 * that Python's `json` makes of them, a set becomes the list of its keys, `!!omap` and `!!pairs` lists of [key, value].
 * Throws Invalid (or TooLarge) that names file, line and column. `file` is only for messages.
 */
export function readYaml(text: string | Uint8Array, file?: string): YamlDocument {
  const source = decode(text, file);
  const place = placer(source);
  const fail = (offset: number, message: string, cause?: unknown): never => {
    const at = { ...(file === undefined ? {} : { file }), ...place(offset) };
    throw new Invalid("yaml.invalid", { message, at, cause });
  };
  const printable = UNPRINTABLE.exec(source);
  if (printable) {
    const code = (printable[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    fail(
      printable.index,
      `special characters are not allowed in YAML: found U+${code}; write it as an escape in double quotes`,
    );
  }
  let parsed: Parsed;
  try {
    parsed = parseAsPyYaml(source, MAX_DEPTH);
  } catch (thrown) {
    if (!(thrown instanceof YAMLException)) throw thrown;
    const offset = thrown.mark?.position ?? 0;
    return fail(offset, explainSyntax(thrown.reason, source, offset), thrown);
  }
  const warnings: YamlWarning[] = [];
  const { events, original } = parsed;
  const root = compose(parsed.source, events, {
    fail: (offset, message, cause) => fail(original(offset), message, cause),
    warn: (offset, message) => warnings.push({ message, at: place(original(offset)) }),
  });
  return { value: root?.value ?? null, positions: positionsOf((offset) => place(original(offset)), root), warnings };
}

// What PyYAML's reader refuses: control characters but tab and line ends, and lone surrogates.
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\uffff\u{10000}-\u{10ffff}]|[\ufffe\uffff]/u;

function decode(text: string | Uint8Array, file: string | undefined): string {
  const size = typeof text === "string" ? text.length : text.byteLength;
  if (size > MAX_YAML_BYTES) {
    throw new TooLarge("yaml.too-large", {
      message: `the file has ${size} bytes, and a YAML file may have ${MAX_YAML_BYTES}; split it or move bulk content elsewhere`,
      ...(file === undefined ? {} : { at: { file } }),
    });
  }
  if (typeof text === "string") return text.replace(/^\ufeff/, "");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch (cause) {
    // What stands before the first bad byte decodes, so its line can be told.
    const lenient = new TextDecoder("utf-8").decode(text);
    throw new Invalid("yaml.not-utf-8", {
      message: "the file is not UTF-8 text; save it as UTF-8",
      at: { ...(file === undefined ? {} : { file }), ...placer(lenient)(Math.max(0, lenient.indexOf("\ufffd"))) },
      cause,
    });
  }
}
