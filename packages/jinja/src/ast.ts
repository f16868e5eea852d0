/** The tree a template is parsed into. `at` is the offset of the node in the template, for messages. */

export type Expression =
  | { readonly kind: "const"; readonly at: number; readonly value: unknown }
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly Expression[] }
  | { readonly kind: "tuple"; readonly at: number; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly at: number; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly at: number; readonly of: Expression; readonly name: string }
  | { readonly kind: "item"; readonly at: number; readonly of: Expression; readonly key: Expression }
  | {
      readonly kind: "slice";
      readonly at: number;
      readonly of: Expression;
      readonly bounds: readonly (Expression | undefined)[];
    }
  | { readonly kind: "call"; readonly at: number; readonly of: Expression; readonly args: Arguments }
  | {
      readonly kind: "filter";
      readonly at: number;
      readonly of: Expression;
      readonly name: string;
      readonly args: Arguments;
    }
  | {
      readonly kind: "test";
      readonly at: number;
      readonly of: Expression;
      readonly name: string;
      readonly args: Arguments;
    }
  | { readonly kind: "unary"; readonly at: number; readonly operator: "not" | "-" | "+"; readonly of: Expression }
  | {
      readonly kind: "binary";
      readonly at: number;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "and" | "or"; readonly at: number; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "concat"; readonly at: number; readonly parts: readonly Expression[] }
  | { readonly kind: "compare"; readonly at: number; readonly first: Expression; readonly rest: readonly Comparison[] }
  | {
      readonly kind: "choose";
      readonly at: number;
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
    };

export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";
export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";
export interface Comparison {
  readonly operator: CompareOperator;
  readonly with: Expression;
}

export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly (readonly [string, Expression])[];
  /** `*args` and `**kwargs`. */
  readonly spread: Expression | undefined;
  readonly spreadKeywords: Expression | undefined;
}

/** What a value can be bound to: `a`, `a, b`, `ns.a`. */
export type Target =
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "namespace"; readonly at: number; readonly name: string; readonly attribute: string }
  | { readonly kind: "targets"; readonly at: number; readonly items: readonly Target[] };

export interface Parameters {
  readonly names: readonly string[];
  /** Defaults of the last parameters. */
  readonly defaults: readonly Expression[];
}

export type Statement =
  | { readonly kind: "data"; readonly at: number; readonly text: string }
  | { readonly kind: "print"; readonly at: number; readonly value: Expression }
  | {
      readonly kind: "for";
      readonly at: number;
      readonly target: Target;
      readonly over: Expression;
      readonly filter: Expression | undefined;
      readonly recursive: boolean;
      readonly body: Body;
      readonly otherwise: Body;
      /** Length of its source text: what one iteration can cost. */
      readonly length: number;
    }
  | {
      readonly kind: "if";
      readonly at: number;
      readonly branches: readonly (readonly [Expression, Body])[];
      readonly otherwise: Body;
    }
  | { readonly kind: "set"; readonly at: number; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: "capture";
      readonly at: number;
      readonly target: Target;
      readonly filter: Expression | undefined;
      readonly body: Body;
    }
  | {
      readonly kind: "macro";
      readonly at: number;
      readonly name: string;
      readonly parameters: Parameters;
      readonly body: Body;
      readonly length: number;
    }
  | {
      readonly kind: "callblock";
      readonly at: number;
      readonly call: Expression;
      readonly parameters: Parameters;
      readonly body: Body;
      readonly length: number;
    }
  | { readonly kind: "filterblock"; readonly at: number; readonly filter: Expression; readonly body: Body }
  | {
      readonly kind: "with";
      readonly at: number;
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      readonly body: Body;
    }
  | {
      readonly kind: "block";
      readonly at: number;
      readonly name: string;
      readonly scoped: boolean;
      readonly body: Body;
    }
  | { readonly kind: "autoescape"; readonly at: number; readonly on: Expression; readonly body: Body }
  /** `include`, `import`, `from`, `extends`: there is nowhere to load templates from, so these fail when reached. */
  | {
      readonly kind: "load";
      readonly at: number;
      readonly tag: string;
      readonly template: Expression;
      readonly names: readonly string[];
    };

export type Body = readonly Statement[];

/** Stands for the captured text in the filter expression of `{% filter %}` and `{% set x | f %}`. */
export const CAPTURED = " captured";
