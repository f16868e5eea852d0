import type { Context } from "./context.ts";

/** An expression compiled: gives its value in a context. */
export type Evaluate = (context: Context) => unknown;

/** An unevaluated argument, with the context it stands in. Each call sees `$1`, `$2`, ... in a context of its own. */
export class Lambda {
  readonly context: Context;
  readonly evaluate: Evaluate;
  constructor(context: Context, evaluate: Evaluate) {
    this.context = context;
    this.evaluate = evaluate;
  }
  call0(): unknown {
    this.context.run.step();
    return this.evaluate(this.context);
  }
  call1(value: unknown): unknown {
    this.context.run.step();
    return this.evaluate(this.context.childWith(value));
  }
  call2(first: unknown, second: unknown): unknown {
    this.context.run.step();
    return this.evaluate(this.context.childWith(first, second));
  }
  call(args: readonly unknown[], named?: ReadonlyMap<string, unknown>): unknown {
    const child = this.context.child();
    for (const [i, value] of args.entries()) child.set(String(i + 1), value);
    if (named) for (const [name, value] of named) child.set(name, value);
    return this.in(child);
  }
  /** In a context that was made for it. */
  in(context: Context): unknown {
    context.run.step();
    const { run } = context;
    run.enter();
    const result = this.evaluate(context);
    run.leave();
    return result;
  }
}

/** An unevaluated `key => value`: what `switch` takes. */
export class LazyPair {
  readonly key: Lambda;
  readonly value: Lambda;
  constructor(key: Lambda, value: Lambda) {
    this.key = key;
    this.value = value;
  }
}
