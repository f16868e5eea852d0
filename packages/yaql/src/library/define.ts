import { defineFunction, type FunctionDefinition, type Implementation } from "../signature.ts";

const standard = (definition: FunctionDefinition): FunctionDefinition => ({ ...definition, isStandard: true });

/** Called as `name(args)` only. */
export const fn = (signature: string, implementation: Implementation): FunctionDefinition =>
  standard(defineFunction(signature, implementation));

/** Called as `receiver.name(args)` only; the receiver is the first parameter. */
export const method = (signature: string, implementation: Implementation): FunctionDefinition =>
  standard(defineFunction(signature, implementation, { kind: "method" }));

/** Called either way. */
export const both = (signature: string, implementation: Implementation): FunctionDefinition =>
  standard(defineFunction(signature, implementation, { kind: "both" }));

/** The same, for those that take `k => v` as pairs. */
export const withPairs = (definition: FunctionDefinition): FunctionDefinition => ({ ...definition, takesPairs: true });
