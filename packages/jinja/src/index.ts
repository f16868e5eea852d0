/**
 * Jinja2 with Python's semantics: templates and expressions compiled to closures, sandboxed, with limits. See README.md.
 */
export { createEnvironment } from "./environment.ts";
export type { CompiledExpression, Environment, EnvironmentOptions, Template, TemplateContext } from "./environment.ts";
export { JinjaError, JinjaRuntimeError, JinjaSyntaxError, LimitError, UndefinedError } from "./errors.ts";
export type { Position } from "./errors.ts";
export { filter, rawFilter } from "./filter.ts";
export type { Filter, Test } from "./filter.ts";
export { dumpJson, parseJson } from "./json.ts";
export type { JsonStyle } from "./json.ts";
export { toNative } from "./native.ts";
export { iterate, truth } from "./sequence.ts";
export { Runtime } from "./runtime.ts";
export type { Limits } from "./runtime.ts";
export { floatText, repr, text } from "./text.ts";
export {
  Callable,
  HostObject,
  Markup,
  PyFloat,
  Undefined,
  dictEntries,
  float,
  hostValue,
  int,
  isDict,
  tuple,
  tupleOf,
  typeName,
} from "./values.ts";
export type { KeywordArguments } from "./values.ts";
