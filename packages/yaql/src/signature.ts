import type { Context } from "./context.ts";
import { valueError } from "./errors.ts";
import { isTypeName, type ParameterType, parameterType } from "./parameter-types.ts";

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** Absent when the argument is required. `undefined` stands for "omitted", which is not null. */
  readonly default?: { readonly value: unknown };
}

/**
 * What a function does. It gets the context of the call, then a value for every parameter, in order; what the starred
 * parameter takes comes as one array, what the doubly starred one takes as one Map.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- the signature's text says what the arguments are, not the type
export type Implementation = (context: Context, ...args: any[]) => unknown;

/** As what a name may be called: `f(x)`, `x.f()`, or both. */
export type CallKind = "function" | "method" | "both";

export interface FunctionDefinition {
  readonly name: string;
  readonly kind: CallKind;
  /** Whether `k => v` reaches it as pairs and not as named arguments. */
  readonly takesPairs: boolean;
  readonly parameters: readonly Parameter[];
  readonly rest?: Parameter;
  readonly namedRest?: Parameter;
  readonly implementation: Implementation;
  /** Part of the language itself. */
  readonly isStandard?: boolean;
}

/**
 * Reads a signature such as `replace(string: string, old: string, new: string, count: int = -1)`:
 * `type?` accepts null; `= value` makes the parameter optional, `= omitted` with no value at all; `*rest: type` takes
 * all other positional arguments, `**named: type` all other named ones. The types are listed in the README.
 * Throws YaqlError when it cannot be read: a mistake of the program, not of a user.
 */
export function defineFunction(
  signature: string,
  implementation: Implementation,
  options: { kind?: CallKind; takesPairs?: boolean } = {},
): FunctionDefinition {
  const open = signature.indexOf("(");
  if (open < 1 || !signature.endsWith(")")) throw unreadable(signature);
  const parameters: Parameter[] = [];
  let rest: Parameter | undefined;
  let namedRest: Parameter | undefined;
  const body = signature.slice(open + 1, -1).trim();
  for (const part of body === "" ? [] : body.split(",")) {
    const match = /^(\*{0,2})([\p{L}_]\w*)\s*:\s*(\w+)(\??)(?:\s*=\s*(.+))?$/u.exec(part.trim());
    const [, stars = "", name = "", type = "", question, preset] = match ?? [];
    if (!match || !isTypeName(type)) throw unreadable(signature);
    const parameter: Parameter = {
      name,
      type: parameterType(type, question === "?"),
      ...(preset !== undefined && { default: { value: preset === "omitted" ? undefined : JSON.parse(preset) } }),
    };
    if (stars === "**") namedRest = parameter;
    else if (stars === "*") rest = parameter;
    else parameters.push(parameter);
  }
  return {
    name: signature.slice(0, open),
    kind: options.kind ?? "function",
    takesPairs: options.takesPairs ?? false,
    parameters,
    ...(rest && { rest }),
    ...(namedRest && { namedRest }),
    implementation,
  };
}

function unreadable(signature: string): Error {
  return valueError(`'${signature}' is no signature, such as 'name(first: string, second: any? = null, *rest: int)'`);
}
