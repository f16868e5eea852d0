import { type Event, parseEvents, YAMLException } from "js-yaml";

/** Lines that may be helped in one text: each costs another parse. */
const MAX_HELPED = 50;
/** More than anything is nested by; further white space inside quotes and brackets means nothing. */
const INDENT = " ".repeat(100);

export interface Parsed {
  /** The text that the events' offsets are of. */
  readonly source: string;
  readonly events: Event[];
  /** The offset in the text as it was given. */
  original(offset: number): number;
}

/**
 * Parses as PyYAML does where js-yaml 5 is stricter: a further line of a quoted text, or inside of brackets, may be
 * indented less than what is around it. Such lines are indented and the text is parsed again. Throws YAMLException.
 */
export function parseAsPyYaml(given: string, maxDepth: number): Parsed {
  let source = given;
  let first: YAMLException | undefined;
  const insertions: number[] = [];
  for (;;) {
    try {
      const events = parseEvents(source, { maxDepth });
      return {
        source,
        events,
        original: (offset) =>
          insertions.reduceRight(
            (at, insertion) => (at <= insertion ? at : Math.max(insertion, at - INDENT.length)),
            offset,
          ),
      };
    } catch (thrown) {
      if (!(thrown instanceof YAMLException)) throw thrown;
      first ??= thrown;
      const position = thrown.mark?.position;
      // What is wrong in truth, such as a quote that is never closed, is where the first complaint was.
      if (thrown.reason !== "deficient indentation" || position === undefined) throw first;
      const start = source.lastIndexOf("\n", position - 1) + 1;
      if (start <= (insertions.at(-1) ?? 0) || insertions.length >= MAX_HELPED) throw first;
      source = source.slice(0, start) + INDENT + source.slice(start);
      insertions.push(start);
    }
  }
}
