import { LimitError, typeError, valueError } from "./errors.ts";
import { fillDict } from "./methods-dict.ts";
import { intArgument } from "./sequence.ts";
import { Callable, HostObject, Namespace, Range } from "./values.ts";

const WORDS = (
  "a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class commodo " +
  "condimentum congue consectetuer consequat conubia convallis cras cum curabitur cursus dapibus diam dictum dignissim dis " +
  "dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et etiam eu euismod facilisi facilisis fames"
).split(" ");

/** Goes round a list of values: `next()`, `current`, `reset()`. */
class Cycler extends HostObject {
  override readonly typeName = "Cycler";
  readonly items: readonly unknown[];
  at = 0;
  constructor(items: readonly unknown[]) {
    super();
    this.items = items;
  }
  override read(name: string): unknown {
    const { items } = this;
    if (name === "current") return items[this.at];
    if (name === "pos") return this.at;
    if (name === "next") {
      return new Callable("next", () => {
        const item = items[this.at];
        this.at = (this.at + 1) % items.length;
        return item;
      });
    }
    if (name === "reset") {
      return new Callable("reset", () => {
        this.at = 0;
        return null;
      });
    }
    return undefined;
  }
}

/** Jinja's global functions. `random` draws the words of `lipsum`. */
export function builtInGlobals(random: () => number): readonly (readonly [string, unknown])[] {
  return [
    [
      "range",
      new Callable("range", (args, _, rt) => {
        const [a, b, c] = args.map((arg) => intArgument(arg, "range"));
        if (a === undefined) throw typeError("range expected at least 1 argument, got 0");
        if (args.length > 3) throw typeError(`range expected at most 3 arguments, got ${args.length}`);
        if (c === 0) throw valueError("range() arg 3 must not be zero");
        const range = b === undefined ? new Range(0, a, 1) : new Range(a, b, c ?? 1);
        if (range.length > rt.setup.limits.range) {
          throw new LimitError(
            `Range too big. The sandbox blocks ranges larger than MAX_RANGE (${rt.setup.limits.range}).`,
          );
        }
        return range;
      }),
    ],
    [
      "dict",
      new Callable("dict", (args, keywords, rt) => {
        const dict = new Map<unknown, unknown>();
        fillDict(rt, dict, args, keywords);
        return dict;
      }),
    ],
    [
      "namespace",
      new Callable("namespace", (args, keywords, rt) => {
        const namespace = new Namespace();
        fillDict(rt, namespace.values, args, keywords);
        return namespace;
      }),
    ],
    [
      "cycler",
      new Callable("cycler", (args) => {
        if (args.length === 0)
          throw new (typeError("").constructor as typeof Error)("at least one item has to be provided");
        return new Cycler(args);
      }),
    ],
    [
      "joiner",
      new Callable("joiner", (args, keywords) => {
        const separator = args[0] ?? keywords.get("sep") ?? ", ";
        let used = false;
        return new Callable("joiner", () => {
          if (used) return separator;
          used = true;
          return "";
        });
      }),
    ],
    [
      "lipsum",
      new Callable("lipsum", (args, keywords, rt) => {
        const parameter = (at: number, name: string, otherwise: number): number => {
          const value = args[at] ?? keywords.get(name);
          return value === undefined
            ? otherwise
            : typeof value === "boolean"
              ? Number(value)
              : intArgument(value, name);
        };
        const paragraphs = parameter(0, "n", 5);
        const html = parameter(1, "html", 1) !== 0;
        const min = parameter(2, "min", 20);
        const max = Math.max(min, parameter(3, "max", 100));
        rt.spend(Math.max(0, paragraphs) * Math.max(1, max));
        const made = Array.from({ length: Math.max(0, paragraphs) }, () => {
          const count = min + Math.floor(random() * (max - min + 1));
          const words = Array.from({ length: Math.max(0, count) }, () => WORDS[Math.floor(random() * WORDS.length)]);
          const sentence = words.join(" ");
          return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
        });
        return html ? made.map((one) => `<p>${one}</p>`).join("\n") : made.join("\n\n");
      }),
    ],
  ];
}
