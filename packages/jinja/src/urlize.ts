/** How found addresses are turned into links. */
export interface UrlizeOptions {
  /** Longest shown address; the rest becomes `...`. */
  readonly limit: number | undefined;
  readonly rel: string;
  readonly target: string | undefined;
  /** Further schemes such as `tel:`. */
  readonly schemes: readonly string[];
}

const DOMAIN = String.raw`(?:[\w-]+\.)+(?:com|net|int|edu|gov|org|info|mil)`;
const WEB = new RegExp(
  String.raw`^(?:https?://|www\.)(?:[\w%-]+\.)*[\w%-]+(?:[:/?#]\S*)?$|^https?://\S+$|^${DOMAIN}(?:[:/?#]\S*)?$`,
  "iu",
);
const MAX_MAIL = 320;
const MAIL = /^\S+@\w[\w.-]*\.\w+$/u;

/** Links the web and mail addresses in a text that is HTML already. */
export function urlize(html: string, options: UrlizeOptions): string {
  const attributes =
    (options.rel === "" ? "" : ` rel="${escapeAttribute(options.rel)}"`) +
    (options.target === undefined ? "" : ` target="${escapeAttribute(options.target)}"`);
  const shorten = (address: string): string =>
    options.limit !== undefined && address.length > options.limit ? `${address.slice(0, options.limit)}...` : address;
  return html
    .split(/(\s+)/u)
    .map((word) => {
      const [head, peeled, tail] = peel(word);
      let middle = peeled;
      if (WEB.test(middle)) {
        const address = /^https?:\/\//i.test(middle) ? middle : `https://${middle}`;
        middle = `<a href="${address}"${attributes}>${shorten(middle)}</a>`;
      } else if (middle.length > MAX_MAIL) {
        // Longer than any mail address; the patterns below would take long to find out.
      } else if (middle.startsWith("mailto:") && MAIL.test(middle.slice(7))) {
        middle = `<a href="${middle}">${middle.slice(7)}</a>`;
      } else if (middle.includes("@") && !middle.startsWith("www.") && !middle.includes(":") && MAIL.test(middle)) {
        middle = `<a href="mailto:${middle}">${middle}</a>`;
      } else if (options.schemes.some((scheme) => middle !== scheme && middle.startsWith(scheme))) {
        middle = `<a href="${middle}"${attributes}>${middle}</a>`;
      }
      return head + middle + tail;
    })
    .join("");
}

const escapeAttribute = (value: string): string => value.replace(/"/g, "&#34;");

/** Separates brackets and punctuation around a word; closing brackets that match opening ones inside stay. */
function peel(word: string): [string, string, string] {
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? "";
  let middle = word.slice(head.length);
  let end = middle.length;
  while (end > 0) {
    if (")>.,".includes(middle[end - 1] as string)) end--;
    else if (middle.startsWith("&gt;", end - 4)) end -= 4;
    else break;
  }
  let rest = middle.slice(end);
  middle = middle.slice(0, end);
  for (const [open, close] of [
    ["(", ")"],
    ["<", ">"],
    ["&lt;", "&gt;"],
  ] as const) {
    const opened = middle.split(open).length - 1;
    if (opened <= middle.split(close).length - 1) continue;
    for (let i = Math.min(opened, rest.split(close).length - 1); i > 0; i--) {
      const end = rest.indexOf(close) + close.length;
      middle += rest.slice(0, end);
      rest = rest.slice(end);
    }
  }
  return [head, middle, rest];
}
