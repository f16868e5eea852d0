import { Invalid, messageOf, nearest, TooLarge } from "@squall/model";
import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from "js-yaml";
import { type Place, type PlacedNode, type Positions, placer, positionsOf } from "./positions.ts";
import { constructScalar, resolvePlain, type ScalarTag } from "./scalar.ts";

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
/** Characters and nodes after all aliases are written out: bounds what a small text can grow to ("billion laughs"). */
const MAX_EXPANDED = 10_000_000;

const PREFIX = "tag:yaml.org,2002:";
const TAGS = ["str", "bool", "int", "float", "null", "timestamp", "binary", "seq", "map", "omap", "pairs", "set"];

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
  let events: Event[];
  try {
    events = parseEvents(source, { maxDepth: MAX_DEPTH });
  } catch (thrown) {
    if (!(thrown instanceof YAMLException)) throw thrown;
    return fail(thrown.mark?.position ?? 0, explainSyntax(thrown.reason), thrown);
  }
  const warnings: YamlWarning[] = [];
  const root = compose(source, events, {
    fail,
    warn: (offset, message) => warnings.push({ message, at: place(offset) }),
  });
  return { value: root?.value ?? null, positions: positionsOf(source, root), warnings };
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
      at: { ...(file === undefined ? {} : { file }) },
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

function explainSyntax(reason: string): string {
  if (/tab/i.test(reason)) return `${reason}; indent with spaces`;
  return reason;
}

interface Node extends PlacedNode {
  readonly tag: string;
  readonly value: unknown;
  /** Nodes and characters in it, aliases written out. */
  readonly weight: number;
  readonly members?: Map<string, { readonly offset: number; readonly node: Node }>;
  readonly items?: Node[];
}

interface Complaints {
  fail(offset: number, message: string, cause?: unknown): never;
  warn(offset: number, message: string): void;
}

function compose(source: string, events: readonly Event[], { fail, warn }: Complaints): Node | undefined {
  const anchors = new Map<string, Node | "open">();
  const handles = new Map<string, string>();
  let index = 0;
  // An alias has no offset of its own in the events, but its anchor's name has.
  const next = (): Event => events[index++] ?? fail(source.length, "unexpected end of the text");

  function tagName(event: { tagStart: number; tagEnd: number }): string | undefined {
    if (event.tagStart < 0) return undefined;
    const raw = source.slice(event.tagStart, event.tagEnd);
    if (raw === "!") return "!";
    if (raw.startsWith("!<")) return raw.slice(2, -1);
    const end = raw.indexOf("!", 1);
    const handle = end < 0 ? "!" : raw.slice(0, end + 1);
    const prefix = handles.get(handle) ?? (handle === "!!" ? PREFIX : handle);
    return prefix + raw.slice(handle.length);
  }

  function bounded(node: Node): Node {
    if (node.weight > MAX_EXPANDED)
      fail(node.offset, `aliases here grow the document beyond ${MAX_EXPANDED} characters`);
    return node;
  }

  function unknownTag(offset: number, tag: string): never {
    const short = tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : tag;
    const guess = nearest(short, TAGS);
    return fail(
      offset,
      `could not determine a constructor for the tag '${tag}'${guess ? `; did you mean '!!${guess}'?` : "; remove it"}`,
    );
  }

  function node(): Node {
    const event = next();
    switch (event.type) {
      case EVENT_ID.ALIAS: {
        const name = source.slice(event.anchorStart, event.anchorEnd);
        const target = anchors.get(name);
        if (target === "open") return fail(event.anchorStart - 1, `the alias '*${name}' stands inside what it names`);
        if (target) return target;
        const guess = nearest(name, anchors.keys());
        return fail(
          event.anchorStart - 1,
          `found undefined alias '${name}'${guess ? `; did you mean '${guess}'?` : `; put '&${name}' before what it names`}`,
        );
      }
      case EVENT_ID.SCALAR: {
        const offset = event.valueStart >= 0 ? event.valueStart : startOf(event);
        const made = scalar(event, offset);
        keep(event, made);
        return made;
      }
      case EVENT_ID.SEQUENCE: {
        open(event);
        const made = sequence(event.start, tagName(event));
        keep(event, made);
        return made;
      }
      case EVENT_ID.MAPPING: {
        open(event);
        const made = mapping(event.start, tagName(event));
        keep(event, made);
        return made;
      }
      case EVENT_ID.DOCUMENT:
      case EVENT_ID.POP:
        return fail(source.length, "unexpected end of the text");
      default:
        return event satisfies never;
    }
  }

  function open(event: { anchorStart: number; anchorEnd: number }): void {
    if (event.anchorStart >= 0) anchors.set(source.slice(event.anchorStart, event.anchorEnd), "open");
  }

  function keep(event: { anchorStart: number; anchorEnd: number }, made: Node): void {
    if (event.anchorStart >= 0) anchors.set(source.slice(event.anchorStart, event.anchorEnd), made);
  }

  // Empty scalars have no range: they stand where the text before them ended.
  let lastOffset = 0;
  function startOf(event: { anchorStart: number; tagStart: number }): number {
    return Math.max(event.tagStart, event.anchorStart, lastOffset);
  }

  function scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>, offset: number): Node {
    const text = getScalarValue(source, event);
    lastOffset = Math.max(lastOffset, event.valueEnd);
    const tag = scalarTag(event, text, offset);
    try {
      const value = constructScalar(tag, text);
      if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && tag === "int") {
        warn(offset, `${text} is too large to be held exactly; put it in quotes if it is a name and not a quantity`);
      }
      return {
        tag,
        value,
        offset: event.style === SCALAR_STYLE.PLAIN ? offset : quoteStart(offset, event.style),
        weight: 1 + text.length,
      };
    } catch (thrown) {
      return fail(offset, messageOf(thrown), thrown);
    }
  }

  function quoteStart(offset: number, style: number): number {
    return style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
      ? Math.max(0, offset - 1)
      : offset;
  }

  function scalarTag(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>, text: string, offset: number): ScalarTag {
    const tag = tagName(event);
    // PyYAML lets a lone `!` resolve even quoted text.
    if (tag === "!") return resolvePlain(text);
    if (tag === undefined) return event.style === SCALAR_STYLE.PLAIN ? resolvePlain(text) : "str";
    const short = tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : "";
    if (["str", "bool", "int", "float", "null", "timestamp", "binary", "merge", "value"].includes(short)) {
      // The cast: the list just above is ScalarTag's.
      return short as ScalarTag;
    }
    if (["seq", "map", "omap", "pairs", "set"].includes(short)) {
      fail(
        offset,
        `expected a ${short === "map" || short === "set" ? "mapping" : "sequence"} after !!${short}, but found a scalar`,
      );
    }
    return unknownTag(offset, tag);
  }

  function sequence(offset: number, tag: string | undefined): Node {
    const items: Node[] = [];
    let weight = 1;
    while (events[index]?.type !== EVENT_ID.POP) {
      const item = node();
      items.push(item);
      weight += item.weight;
    }
    index++;
    const short = collectionTag(offset, tag, "seq", ["omap", "pairs"]);
    const value =
      short === "seq"
        ? items.map((item) => item.value)
        : items.map((item) => {
            const pair = item.members?.entries().next().value;
            if (item.members?.size !== 1 || !pair)
              return fail(item.offset, `expected a mapping of length 1 inside !!${short}`);
            return [pair[0], pair[1].node.value];
          });
    return bounded({ tag: short, value, offset, weight, items });
  }

  function collectionTag(offset: number, tag: string | undefined, own: string, others: readonly string[]): string {
    if (tag === undefined || tag === "!" || tag === PREFIX + own) return own;
    const short = tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : "";
    return others.includes(short) ? short : unknownTag(offset, tag);
  }

  function mapping(offset: number, tag: string | undefined): Node {
    const own = new Map<string, { offset: number; node: Node }>();
    const merged = new Map<string, { offset: number; node: Node }>();
    let weight = 1;
    while (events[index]?.type !== EVENT_ID.POP) {
      const keyNode = node();
      const member = node();
      weight += keyNode.weight + member.weight;
      if (keyNode.tag === "merge") {
        for (const [key, one] of mergedMembers(member, keyNode.offset)) {
          merged.set(key, one);
          weight += 1;
        }
        continue;
      }
      const key = keyText(keyNode);
      const before = own.get(key);
      if (before)
        warn(keyNode.offset, `the key '${key}' is here a second time, and this one counts; remove one of the two`);
      // Last wins but keeps the place of the first, as in a Python dict.
      own.set(key, { offset: keyNode.offset, node: member });
    }
    index++;
    const short = collectionTag(offset, tag, "map", ["set"]);
    const members = merged.size === 0 ? own : new Map([...merged, ...own]);
    const value: Record<string, unknown> = {};
    for (const [key, member] of members) {
      // Assigning `__proto__` would change the object's prototype instead of adding a member.
      if (key === "__proto__")
        Object.defineProperty(value, key, {
          value: member.node.value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      else value[key] = member.node.value;
    }
    return bounded({ tag: short, value: short === "set" ? [...members.keys()] : value, offset, weight, members });
  }

  function mergedMembers(from: Node, offset: number): Map<string, { offset: number; node: Node }> {
    if (from.members) return from.members;
    if (!from.items) return fail(offset, `expected a mapping or list of mappings for merging, but found a scalar`);
    const all = new Map<string, { offset: number; node: Node }>();
    // Earlier mappings of the list win.
    for (const item of from.items.toReversed()) {
      if (!item.members) return fail(item.offset, "expected a mapping for merging, but found something else");
      for (const [key, member] of item.members) all.set(key, member);
    }
    return all;
  }

  function keyText(key: Node): string {
    if (key.members || key.items) {
      return fail(
        key.offset,
        "found unhashable key: a mapping or list cannot be a key; if this is a Jinja expression, put the whole value in quotes",
      );
    }
    if (typeof key.value === "string") return key.value;
    const text = typeof key.value === "number" ? String(key.value) : JSON.stringify(key.value);
    if (typeof key.value === "boolean") {
      warn(key.offset, `this key is the boolean ${text} in YAML 1.1, not text; put it in quotes`);
    }
    return text;
  }

  let root: Node | undefined;
  while (index < events.length) {
    const event = next();
    if (event.type !== EVENT_ID.DOCUMENT) return fail(0, "expected a document");
    if (root) fail(lastOffset, "expected a single document in the stream, but found another one; keep one per file");
    for (const directive of event.directives) {
      if (directive.kind === "tag") handles.set(directive.handle, directive.prefix);
    }
    root = node();
    index++; // the document's POP
  }
  return root;
}
