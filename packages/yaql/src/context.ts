import type { Plan } from "./dispatch.ts";
import { adopt } from "./values.ts";
import { Run } from "./run.ts";
import type { FunctionDefinition } from "./signature.ts";

/** Functions registered in one context. Lookups see the layers from the innermost outwards. */
export class FunctionLayer {
  readonly parent: FunctionLayer | null;
  readonly #functions = new Map<string, FunctionDefinition[]>();
  readonly #found = { function: new Map<string, Candidates>(), method: new Map<string, Candidates>() };
  #version = 0;
  constructor(parent: FunctionLayer | null) {
    this.parent = parent;
  }
  /** Changes whenever a function is registered here or further out. */
  get stamp(): number {
    return this.#version + (this.parent?.stamp ?? 0);
  }
  add(definition: FunctionDefinition): void {
    const known = this.#functions.get(definition.name);
    if (known) known.push(definition);
    else this.#functions.set(definition.name, [definition]);
    this.#version++;
  }
  #levels(name: string, kind: "function" | "method"): FunctionDefinition[][] {
    const own = this.#functions.get(name)?.filter((f) => f.kind === "both" || f.kind === kind) ?? [];
    const outer = this.parent === null ? [] : this.parent.#levels(name, kind);
    return own.length === 0 ? outer : [own, ...outer];
  }
  /** Everything a call of the name may mean. */
  find(name: string, kind: "function" | "method"): Candidates {
    const { stamp } = this;
    const known = this.#found[kind].get(name);
    if (known?.stamp === stamp) return known;
    const levels = this.#levels(name, kind);
    const isStandard = levels.every((level) => level.every((f) => f.isStandard === true));
    const candidates = { levels, stamp, isStandard, plans: new Map<string, Plan>() };
    this.#found[kind].set(name, candidates);
    return candidates;
  }
}

/** The functions of a name, innermost layer first. One object as long as nothing is registered: plans are kept by it. */
export interface Candidates {
  readonly levels: readonly (readonly FunctionDefinition[])[];
  readonly stamp: number;
  /** Whether the standard library's own functions are all there is, whose results are known. */
  readonly isStandard: boolean;
  /** Plans of calls with values, by the number and names of arguments. */
  readonly plans: Map<string, Plan>;
}

interface Names {
  readonly values: Map<string, unknown>;
  readonly parent: Names | null;
}

/**
 * What an expression can see: variables and functions, its own and those of the contexts around it.
 * `$1` (which is `$`) and `$2` are fields, because lambdas bind nothing else most of the time.
 */
export class Context {
  functions: FunctionLayer;
  readonly run: Run;
  #first: unknown;
  #second: unknown;
  #names: Names | null;
  #ownNames = false;
  #ownFunctions = false;

  constructor(parent: Context | null, run: Run = parent?.run ?? new Run()) {
    this.functions = parent === null ? new FunctionLayer(null) : parent.functions;
    this.#ownFunctions = parent === null;
    this.run = run;
    this.#first = parent === null ? undefined : parent.#first;
    this.#second = parent === null ? undefined : parent.#second;
    this.#names = parent === null ? null : parent.#names;
  }

  child(): Context {
    return new Context(this, this.run);
  }

  childWith(first: unknown, second?: unknown): Context {
    const child = new Context(this, this.run);
    child.#first = first;
    if (second !== undefined) child.#second = second;
    return child;
  }

  /** A variable's value by its name without the dollar; null when nothing is bound. */
  get(name: string): unknown {
    if (name === "1") return this.#first === undefined ? null : this.#first;
    if (name === "2") return this.#second === undefined ? null : this.#second;
    for (let names = this.#names; names !== null; names = names.parent) {
      const value = names.values.get(name);
      if (value !== undefined) return value;
    }
    return null;
  }

  /** Binds a variable here. The name may have its dollar; `$` is `$1`. */
  set(name: string, value: unknown): void {
    const plain = name.startsWith("$") ? name.slice(1) : name;
    const adopted = adopt(value);
    if (plain === "1" || plain === "") this.#first = adopted;
    else if (plain === "2") this.#second = adopted;
    else {
      if (!this.#ownNames || this.#names === null) this.#names = { values: new Map(), parent: this.#names };
      this.#ownNames = true;
      this.#names.values.set(plain, adopted);
    }
  }

  /** Makes a function known here, and in every context made from this one afterwards. */
  register(definition: FunctionDefinition): void {
    if (!this.#ownFunctions) this.functions = new FunctionLayer(this.functions);
    this.#ownFunctions = true;
    this.functions.add(definition);
  }
}
