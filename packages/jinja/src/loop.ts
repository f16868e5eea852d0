import { JinjaRuntimeError, typeError } from "./errors.ts";
import { equals } from "./comparison.ts";
import type { Runtime } from "./runtime.ts";
import { Callable } from "./values.ts";

/** The variable `loop` of a `{% for %}`: where it is, and (in recursive loops) a way to run it on another list. */
export class Loop extends Callable {
  readonly items: readonly unknown[];
  readonly depth0: number;
  index0 = -1;
  private last: readonly unknown[] | undefined;

  constructor(items: readonly unknown[], depth0: number, again: ((items: unknown) => unknown) | undefined) {
    super("loop", (args) => {
      if (again === undefined) {
        throw typeError("The loop must have the 'recursive' marker to be called recursively.");
      }
      if (args.length !== 1) throw typeError(`loop() takes 1 argument (${args.length} given)`);
      return again(args[0]);
    });
    this.items = items;
    this.depth0 = depth0;
  }

  override read(name: string): unknown {
    const { items, index0 } = this;
    switch (name) {
      case "index":
        return index0 + 1;
      case "index0":
        return index0;
      case "revindex":
        return items.length - index0;
      case "revindex0":
        return items.length - index0 - 1;
      case "first":
        return index0 === 0;
      case "last":
        return index0 === items.length - 1;
      case "length":
        return items.length;
      case "depth":
        return this.depth0 + 1;
      case "depth0":
        return this.depth0;
      case "previtem":
        return items[index0 - 1];
      case "nextitem":
        return items[index0 + 1];
      case "cycle":
        return new Callable("cycle", (args) => {
          if (args.length === 0) throw typeError("no items for cycling given");
          return args[index0 % args.length];
        });
      case "changed":
        return new Callable("changed", (args, _, rt) => this.changed(rt, args));
      default:
        return undefined;
    }
  }

  private changed(rt: Runtime, values: readonly unknown[]): boolean {
    const { last } = this;
    if (last?.length === values.length && last.every((value, i) => equals(rt, value, values[i]))) return false;
    this.last = values;
    return true;
  }
}

export const notANamespace = (): JinjaRuntimeError =>
  new JinjaRuntimeError("cannot assign attribute on non-namespace object");
