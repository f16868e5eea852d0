import { messageOf, nearest } from "@squall/model";
import { EVENT_ID, type Event, getScalarValue, SCALAR_STYLE } from "js-yaml";
import type { PlacedNode } from "./positions.ts";
import { constructScalar, resolvePlain, type ScalarTag } from "./scalar.ts";

/** Characters and nodes after all aliases are written out: bounds what a small text can grow to ("billion laughs"). */
const MAX_EXPANDED = 10_000_000;

const PREFIX = "tag:yaml.org,2002:";
const TAGS = ["str", "bool", "int", "float", "null", "timestamp", "binary", "seq", "map", "omap", "pairs", "set"];

/** A value as it was composed: what it is, where it stands, what it weighs. */
export interface Node extends PlacedNode {
  readonly tag: string;
  readonly value: unknown;
  /** Nodes and characters in it, aliases written out. */
  readonly weight: number;
  readonly members?: Map<string, { readonly offset: number; readonly node: Node }>;
  readonly items?: Node[];
}

export interface Complaints {
  fail(offset: number, message: string, cause?: unknown): never;
  warn(offset: number, message: string): void;
}

/**
 * Builds the value of the one document in these events, as PyYAML's composer and safe constructor do: aliases, merges,
 * tags, keys. Undefined when there is no document. Collections nest no deeper than the parser allowed.
 */
export function compose(source: string, events: readonly Event[], { fail, warn }: Complaints): Node | undefined {
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

  function node(isKey = false): Node {
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
        const made = scalar(event, offset, isKey);
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

  function scalar(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>, offset: number, isKey: boolean): Node {
    const text = getScalarValue(source, event);
    lastOffset = Math.max(lastOffset, event.valueEnd);
    const found = scalarTag(event, text, offset);
    // `<<` and `=` mean something as keys only: the first is taken up by `mapping`, the second is text.
    const tag = isKey && found === "value" ? "str" : found;
    if (isKey && tag === "merge") return { tag, value: text, offset, weight: 1 };
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
      const keyNode = node(true);
      const member = node();
      weight += keyNode.weight + member.weight;
      if (keyNode.tag === "merge") {
        for (const [key, one] of mergedMembers(member, keyNode.offset)) {
          merged.set(key, one);
          weight += 1 + one.node.weight;
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
