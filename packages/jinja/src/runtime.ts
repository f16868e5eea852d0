import { LimitError } from "./errors.ts";
import type { Filter, Test } from "./filter.ts";
import { Markup, Undefined } from "./values.ts";

/** What one rendering may use; beyond it a `LimitError` is thrown. */
export interface Limits {
  /** UTF-16 units of the rendered text, and of any text made on the way. @default 10_000_000 */
  readonly output: number;
  /** Loop iterations and elements touched by filters, comparisons and printing, all together. @default 1_000_000 */
  readonly steps: number;
  /** Macro calls and recursive loops inside each other. @default 100 */
  readonly depth: number;
  /** Elements of one `range()`. @default 100_000, as Jinja2's sandbox */
  readonly range: number;
}

export const DEFAULT_LIMITS: Limits = { output: 10_000_000, steps: 1_000_000, depth: 100, range: 100_000 };

/** What every rendering of one environment shares. */
export interface Setup {
  readonly strict: boolean;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly tests: ReadonlyMap<string, Test>;
  readonly limits: Limits;
  /** A number from 0 up to 1, for the filter `random`. */
  readonly random: () => number;
}

/** The state of one rendering. */
export class Runtime {
  readonly setup: Setup;
  readonly context: Readonly<Record<string, unknown>>;
  readonly globals: ReadonlyMap<string, unknown>;
  /** Whether the template may change values: then the context is copied before it is used. */
  readonly mutates: boolean;
  out = "";
  autoescape = false;
  depth = 0;
  /** Offset of the operation that runs, for messages. */
  at = 0;
  /** The scope of the template itself. */
  readonly root = new Scope(undefined);
  private steps: number;
  private copies: Map<string, unknown> | undefined;

  constructor(
    setup: Setup,
    context: Readonly<Record<string, unknown>>,
    globals: ReadonlyMap<string, unknown>,
    mutates: boolean,
  ) {
    this.setup = setup;
    this.context = context;
    this.globals = globals;
    this.mutates = mutates;
    this.steps = setup.limits.steps;
  }

  /** The value of a name that no scope of the template holds. */
  resolve(name: string): unknown {
    const { context } = this;
    if (Object.hasOwn(context, name)) {
      const value = context[name];
      if (typeof value !== "object" || value === null) return value === undefined ? null : value;
      return this.mutates ? this.copied(name, value) : value;
    }
    const global = this.globals.get(name);
    return global === undefined ? new Undefined(`'${name}' is undefined`, this.setup.strict) : global;
  }

  private copied(name: string, value: object): unknown {
    this.copies ??= new Map();
    let copy = this.copies.get(name);
    if (copy === undefined) {
      copy = copyContainers(value, this);
      this.copies.set(name, copy);
    }
    return copy;
  }

  /** Accounts for `n` steps of work. */
  spend(n: number): void {
    this.steps -= n;
    if (this.steps < 0) throw new LimitError(`the template needs more than ${this.setup.limits.steps} steps`);
  }

  /** Refuses text of more than the allowed length, before it is made. */
  allowText(length: number): void {
    if (length > this.setup.limits.output) {
      throw new LimitError(`the template makes a text of more than ${this.setup.limits.output} characters`);
    }
  }

  /** A length that may be asked for, negative ones as none. */
  allowed(length: number): number {
    this.allowText(length);
    return Math.max(0, length);
  }

  write(text: string): void {
    if (text.length > 1000) this.spend(text.length >> 8);
    this.out += text;
    if (this.out.length > this.setup.limits.output) this.allowText(this.out.length);
  }

  /** What `body` prints. */
  capture(body: () => void): string | Markup {
    const before = this.out;
    this.out = "";
    try {
      body();
      return this.autoescape ? new Markup(this.out) : this.out;
    } finally {
      this.out = before;
    }
  }

  enter(): void {
    if (++this.depth > this.setup.limits.depth) {
      throw new LimitError(
        `macros and recursive loops call each other more than ${this.setup.limits.depth} levels deep`,
      );
    }
  }
  leave(): void {
    this.depth--;
  }
  undefined(hint: string): Undefined {
    return new Undefined(hint, this.setup.strict);
  }
}

function copyContainers(value: unknown, rt: Runtime): unknown {
  if (typeof value !== "object" || value === null) return value;
  rt.spend(1);
  if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) {
    return value.map((item) => copyContainers(item, rt));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = copyContainers((value as Record<string, unknown>)[key], rt);
    if (key === "__proto__") {
      Object.defineProperty(copy, key, { value: item, writable: true, enumerable: true, configurable: true });
    } else copy[key] = item;
  }
  return copy;
}

/** Variables of one lexical scope: a loop's, a macro's, the template's own. */
export class Scope {
  readonly parent: Scope | undefined;
  private readonly values = new Map<string, unknown>();
  constructor(parent: Scope | undefined) {
    this.parent = parent;
  }
  set(name: string, value: unknown): void {
    this.values.set(name, value);
  }
  /** `undefined` when neither this scope nor one around it holds the name. */
  get(name: string): unknown {
    return this.values.get(name) ?? this.parent?.get(name);
  }
}
