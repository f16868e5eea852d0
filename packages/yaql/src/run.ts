import { YaqlLimitError } from "./errors.ts";

/** What one evaluation may cost. Expressions come from people who write workflows; none may stop the process. */
export interface Limits {
  /** Longest collection, as the original's option `yaql.limitIterators`; -1 for any length. @default -1 */
  readonly limitIterators?: number;
  /** Elements visited and functions called, all together. 5 million take about a second. @default 5_000_000 */
  readonly maxSteps?: number;
  /** Bytes of the values made on the way, roughly, whether or not they are still in use. @default 256 MiB */
  readonly memoryQuota?: number;
  /** Nested calls of functions and lambdas. @default 250 */
  readonly maxDepth?: number;
}

/** How results look and where time and chance come from. */
export interface EvaluationOptions extends Limits {
  /** Whether sets become arrays in the result instead of JavaScript sets. @default false, as in the original */
  readonly convertSetsToLists?: boolean;
  /** Whether `map` operations accept maps where a collection is wanted, iterating over the keys. @default false */
  readonly iterableDicts?: boolean;
  /** The current time in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** A number from 0 up to 1. @default Math.random */
  readonly random?: () => number;
}

/** One string may not be longer; JavaScript itself ends at eight times as much. */
const MAX_TEXT = 2 ** 26;

/** Patterns made from data can be many. */
const MAX_REMEMBERED = 100;

/** One evaluation: its options and what it has used up. */
export class Run {
  readonly limitIterators: number;
  readonly convertSetsToLists: boolean;
  readonly iterableDicts: boolean;
  readonly now: () => number;
  readonly random: () => number;
  readonly #maxSteps: number;
  readonly #maxDepth: number;
  readonly #memoryQuota: number;
  #steps = 0;
  #depth = 0;
  #bytes = 0;
  #identities: Map<object, number> | undefined;
  #made: Map<string, unknown> | undefined;

  constructor(options: EvaluationOptions = {}) {
    this.limitIterators = options.limitIterators ?? -1;
    this.convertSetsToLists = options.convertSetsToLists ?? false;
    this.iterableDicts = options.iterableDicts ?? false;
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
    this.#maxSteps = options.maxSteps ?? 5_000_000;
    this.#maxDepth = options.maxDepth ?? 250;
    this.#memoryQuota = options.memoryQuota ?? 2 ** 28;
  }

  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#maxSteps) {
      throw new YaqlLimitError("limit", `The expression took more than ${this.#maxSteps} steps`);
    }
  }

  enter(): void {
    if (++this.#depth > this.#maxDepth) {
      this.#depth = 0;
      throw new YaqlLimitError("limit", `The expression calls itself more than ${this.#maxDepth} levels deep`);
    }
  }

  leave(): void {
    this.#depth--;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Calls unwound by an error never left: who catches one says how deep it is again. */
  restoreDepth(depth: number): void {
    this.#depth = depth;
  }

  allocate(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#memoryQuota) {
      throw new YaqlLimitError("limit", "Expression consumed too much memory");
    }
  }

  /** Announces a new text, before it is built where that is possible. */
  allocateText(length: number): void {
    this.boundText(length);
    this.allocate(length);
  }

  /** Announces a text made of others as they are, which V8 does not copy. */
  boundText(length: number): void {
    if (length > MAX_TEXT) throw new YaqlLimitError("limit", `A text of ${length} characters is too long`);
    this.allocate(64);
  }

  /** Announces a new list. */
  allocateItems(count: number): void {
    this.allocate(56 + 8 * count);
  }

  /** What was made for a key before, such as a compiled pattern; made now when there is none. */
  remember<T>(key: string, make: () => T): T {
    this.#made ??= new Map();
    if (!this.#made.has(key)) {
      if (this.#made.size >= MAX_REMEMBERED) this.#made.clear();
      this.#made.set(key, make());
    }
    return this.#made.get(key) as T; // keys say of which kind their values are
  }

  /** A number that stands for an object which is equal to nothing but itself. */
  identityOf(object: object): number {
    this.#identities ??= new Map();
    const known = this.#identities.get(object);
    if (known !== undefined) return known;
    this.#identities.set(object, this.#identities.size);
    return this.#identities.size - 1;
  }
}
