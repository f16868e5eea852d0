/**
 * YAQL 2, the query language of OpenStack and StackStorm, for JavaScript: compiled once to closures, evaluated within
 * limits, with Python's semantics where they show.
 */
export {
  type CompiledExpression,
  type CompileOptions,
  type CompilerOptions,
  compile,
  createCompiler,
  createContext,
  evaluate,
  type Names,
} from "./engine.ts";
export type * from "./ast.ts";
export { childrenOf, walk } from "./ast.ts";
export { Context } from "./context.ts";
export { YaqlError, type YaqlErrorClass, YaqlKeyError, YaqlLimitError, YaqlSyntaxError } from "./errors.ts";
export { callFunction, callMethod } from "./dispatch.ts";
export { Lambda } from "./lambda.ts";
export { type Json, resultText, toJson } from "./output.ts";
export { registerFunction } from "./register.ts";
export { Regex } from "./regex/regex.ts";
export type { EvaluationOptions, Limits } from "./run.ts";
export { Run } from "./run.ts";
export { type CallKind, defineFunction, type FunctionDefinition, type Implementation } from "./signature.ts";
export { repr, str } from "./text.ts";
export { DateTime, Timespan } from "./time/date-time.ts";
export { float, PyFloat } from "./values.ts";
