/** What a pattern consists of. Characters are code points. */

export type CharacterTest = (codePoint: number) => boolean;

export type RegexNode =
  | { readonly kind: "character"; readonly codePoint: number; readonly ignoreCase: boolean }
  | { readonly kind: "set"; readonly test: CharacterTest }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "alternatives"; readonly options: readonly RegexNode[] }
  | { readonly kind: "group"; readonly index: number; readonly body: RegexNode }
  | {
      readonly kind: "repeat";
      readonly body: RegexNode;
      readonly min: number;
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly kind: "assertion"; readonly holds: Assertion }
  | { readonly kind: "look"; readonly behind: number | null; readonly negative: boolean; readonly body: RegexNode }
  | { readonly kind: "reference"; readonly index: number; readonly ignoreCase: boolean }
  | { readonly kind: "condition"; readonly index: number; readonly yes: RegexNode; readonly no: RegexNode }
  | { readonly kind: "atomic"; readonly body: RegexNode };

/** Whether it holds at a position of the text. */
export type Assertion = (text: string, position: number) => boolean;

export interface ParsedRegex {
  readonly root: RegexNode;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
}

/** Shortest and longest match, in characters. */
export function widthOf(
  node: RegexNode,
  groups: ReadonlyMap<number, RegexNode> = new Map(),
): [min: number, max: number] {
  switch (node.kind) {
    case "character":
    case "set":
      return [1, 1];
    case "assertion":
    case "look":
      return [0, 0];
    case "group":
    case "atomic":
      return widthOf(node.body, groups);
    case "sequence": {
      let [min, max] = [0, 0];
      for (const item of node.items) {
        const [a, b] = widthOf(item, groups);
        min += a;
        max += b;
      }
      return [min, max];
    }
    case "alternatives": {
      const widths = node.options.map((option) => widthOf(option, groups));
      return [Math.min(...widths.map(([a]) => a)), Math.max(...widths.map(([, b]) => b))];
    }
    case "condition": {
      const [yes, no] = [widthOf(node.yes, groups), widthOf(node.no, groups)];
      return [Math.min(yes[0], no[0]), Math.max(yes[1], no[1])];
    }
    case "repeat": {
      const [a, b] = widthOf(node.body, groups);
      return [a * node.min, b === 0 ? 0 : b * node.max];
    }
    case "reference": {
      const group = groups.get(node.index);
      return group === undefined ? [0, Infinity] : widthOf(group, groups);
    }
  }
}
