import type { Context } from "./context.ts";
import { type CallKind, defineFunction, type Implementation } from "./signature.ts";

/**
 * Makes a function known in a context, and in those made from it afterwards, by its signature: see `defineFunction`.
 * It stands before the library's functions of that name; those are tried when its parameters do not fit.
 *
 * ```ts
 * registerFunction(context, "ctx(key: string? = null)", (_context, key) => (key === null ? all : all[key]));
 * registerFunction(context, "repeated(text: string, times: int = 2)", (_, text, n) => text.repeat(n), { kind: "method" });
 * ```
 */
export function registerFunction(
  context: Context,
  signature: string,
  implementation: Implementation,
  options?: { readonly kind?: CallKind; readonly takesPairs?: boolean },
): void {
  context.register(defineFunction(signature, implementation, options));
}
