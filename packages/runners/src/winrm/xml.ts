import { Unavailable } from "@squall/model";

/** An element without its namespaces: the messages of one protocol need none to be told apart. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own text, without that of its children. */
  readonly text: string;
}

interface Open {
  name: string;
  attributes: Record<string, string>;
  children: Open[];
  text: string;
}

/** Deeper than any message of WS-Management. */
const DEEPEST = 100;
const TOKEN =
  /<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>|<(\/?)([^\s/>!]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|[^<]+/gsy;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Reads a document; what declares types of its own (DOCTYPE) is no message. Throws Unavailable for what is no XML. */
export function readXml(text: string): Element {
  const root: Open = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (found === null) throw notXml();
    const [token, cdata, closes, qualified, attributes = "", isEmpty] = found;
    const inside = open.at(-1) ?? root;
    if (cdata !== undefined) inside.text += cdata;
    else if (qualified !== undefined) {
      const name = local(qualified);
      if (closes === "/") {
        if (open.length === 1 || inside.name !== name) throw notXml();
        open.pop();
      } else {
        const element: Open = { name, attributes: readAttributes(attributes), children: [], text: "" };
        inside.children.push(element);
        if (isEmpty !== "/") open.push(element);
        if (open.length > DEEPEST) throw notXml();
      }
    } else if (!token.startsWith("<")) inside.text += decoded(token);
  }
  const [document] = root.children;
  if (open.length !== 1 || document === undefined) throw notXml();
  return document;
}

/** All elements of that name below, in the document's order. */
export function findAll(element: Element, name: string): readonly Element[] {
  const found: Element[] = [];
  for (const child of element.children) {
    if (child.name === name) found.push(child);
    found.push(...findAll(child, name));
  }
  return found;
}

/** Text for a place between tags or in an attribute. Characters that XML cannot hold are left out. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(text.matchAll(ATTRIBUTE), ([, name = "", one, other]) => [local(name), decoded(one ?? other ?? "")]),
  );
}

const local = (name: string): string => name.slice(name.indexOf(":") + 1);

function decoded(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex?: string, number?: string, name = "") => {
      const code = hex === undefined ? Number(number) : Number.parseInt(hex, 16);
      if (hex !== undefined || number !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      return NAMED[name as string] ?? whole;
    },
  );
}

function notXml(): Unavailable {
  return new Unavailable("runner.winrm.answer", { message: "the host's answer is no well-formed XML" });
}
