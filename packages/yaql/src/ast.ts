/** Where a node stands in the text, in UTF-16 units: from `start` up to and without `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A literal, or a bare word, which is a text constant too (`keyword`). */
export interface Constant extends Span {
  readonly kind: "constant";
  readonly value: unknown;
  readonly keyword: boolean;
}

/** `$`, `$1`, `$name`: the name without the dollar; `$` has the name `1`. */
export interface Variable extends Span {
  readonly kind: "variable";
  readonly name: string;
}

/** `name(args)`; as the right side of a dot the receiver is the first argument. */
export interface Call extends Span {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Argument[];
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Unary extends Span {
  readonly kind: "unary";
  readonly operator: string;
  readonly operand: Expression;
}

/** `target[args]` */
export interface Index extends Span {
  readonly kind: "index";
  readonly target: Expression;
  readonly args: readonly Argument[];
}

/** `[args]` */
export interface List extends Span {
  readonly kind: "list";
  readonly args: readonly Argument[];
}

/** `{args}` */
export interface MapLiteral extends Span {
  readonly kind: "map";
  readonly args: readonly Argument[];
}

/** `(inner)`: kept, because `x.(f())` is no method call. */
export interface Parenthesis extends Span {
  readonly kind: "parenthesis";
  readonly inner: Expression;
}

/** `target(args)` on a value: only with the option `delegates`. */
export interface Invoke extends Span {
  readonly kind: "invoke";
  readonly target: Expression;
  readonly args: readonly Argument[];
}

export type Expression = Constant | Variable | Call | Binary | Unary | Index | List | MapLiteral | Parenthesis | Invoke;

/** `key => value`: a named argument, or a pair, as the callee wants it. */
export interface Pair extends Span {
  readonly kind: "pair";
  readonly key: Expression;
  readonly value: Expression;
}

/** An argument left out between commas. */
export interface Skipped extends Span {
  readonly kind: "skipped";
}

export type Argument = Expression | Pair | Skipped;

/** The parts of a node, in the order of the text. */
export function childrenOf(node: Argument): readonly Argument[] {
  switch (node.kind) {
    case "constant":
    case "variable":
    case "skipped":
      return [];
    case "call":
    case "list":
    case "map":
      return node.args;
    case "binary":
      return [node.left, node.right];
    case "unary":
      return [node.operand];
    case "index":
    case "invoke":
      return [node.target, ...node.args];
    case "parenthesis":
      return [node.inner];
    case "pair":
      return [node.key, node.value];
  }
}

/** The node and everything below it, parents before their children. */
export function* walk(root: Argument): Generator<Argument> {
  const open: Argument[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...childrenOf(node).toReversed());
  }
}
