import { callFunction } from "../dispatch.ts";
import type { Context } from "../context.ts";
import { FAST_BINARY, MISS } from "../fast-operators.ts";

/** What `a + b` and the like give in a context, for functions that are defined by an operator. */
export function operate(context: Context, operator: "+" | "<" | ">", a: unknown, b: unknown): unknown {
  context.run.step();
  const name = `#operator_${operator}`;
  if (context.functions.find(name, "function").isStandard) {
    const result = FAST_BINARY[operator]?.(a, b);
    if (result !== MISS) return result;
  }
  return callFunction(context, name, [a, b]);
}
