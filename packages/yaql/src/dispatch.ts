/**
 * Which overload a call means, and calling it.
 *
 * A plan is what can be said before anything is evaluated: which candidates accept this number and these names of
 * arguments, which arguments each wants lazily, and that they agree on it. It is made once per call in the text and per
 * set of candidates. At run time arguments are evaluated once, left to right, and types decide.
 */
import type { Candidates, Context } from "./context.ts";
import { YaqlError } from "./errors.ts";
import { Lambda, type Evaluate, LazyPair } from "./lambda.ts";
import { limitCollection } from "./limit-collection.ts";
import { accepts, isMoreSpecific, type ParameterType } from "./parameter-types.ts";
import type { FunctionDefinition, Parameter } from "./signature.ts";
import { str } from "./text.ts";

/** An argument as far as it is known before evaluation. */
export type ArgumentForm =
  | { readonly form: "skipped" }
  | { readonly form: "constant"; readonly value: unknown; readonly keyword: boolean; readonly evaluate: Evaluate }
  | { readonly form: "expression"; readonly evaluate: Evaluate }
  | PairForm
  /** Evaluated already: the receiver of a method, or an argument given by the host. */
  | { readonly form: "value" };

/** `key => value`, with what the text shows of its sides: the key as a bare word, the value as a literal. */
export interface PairForm {
  readonly form: "pair";
  readonly key: Evaluate;
  readonly value: Evaluate;
  readonly evaluate: Evaluate;
  readonly keyword?: string;
  readonly valueForm: ArgumentForm;
}

export interface Arguments {
  readonly positional: readonly ArgumentForm[];
  readonly named: ReadonlyMap<string, ArgumentForm>;
}

/** Where a parameter's value comes from: an argument's number, or its default. */
interface Binding {
  readonly parameter: Parameter;
  readonly slot: number;
}

interface Fit {
  readonly definition: FunctionDefinition;
  readonly bindings: readonly Binding[];
  /** Slots of the arguments that the starred parameter takes. */
  readonly rest: readonly number[];
  readonly namedRest: readonly (readonly [name: string, slot: number])[];
  /** The type per slot, to tell which of two fits is the more specific. */
  readonly types: readonly (ParameterType | undefined)[];
}

export interface Plan {
  readonly levels: readonly (readonly Fit[])[];
  /** Per slot: how to get its value; undefined when it is there already or left out. */
  readonly evaluators: readonly (((context: Context) => unknown) | undefined)[];
  /** Whether only the standard library has functions of this name. */
  readonly isStandard: boolean;
}

/** The number and names of arguments in the order of their slots: positional ones first. */
export function makePlan(
  candidates: Candidates,
  args: Arguments,
  name: string,
  receiver: { value: unknown } | null,
): Plan {
  let takesPairs: boolean | undefined;
  let names: string[] = [];
  let forms: readonly ArgumentForm[] = args.positional;
  const levels: Fit[][] = [];
  let lazy: string | undefined;
  for (const level of candidates.levels) {
    const fits: Fit[] = [];
    for (const definition of level) {
      if (takesPairs === undefined) {
        takesPairs = definition.takesPairs;
        if (takesPairs && args.named.size > 0) {
          throw new YaqlError("argument", `Invalid argument ${[...args.named.keys()][0]}`);
        }
        if (!takesPairs) ({ names, forms } = translateNamed(args));
      } else if (takesPairs !== definition.takesPairs) throw ambiguous(name, receiver);
      const fit = fitArguments(definition, forms, names);
      if (fit === undefined) continue;
      const signature = fit.types.map((type) => (isLazy(type) ? "L" : "-")).join("");
      if (lazy === undefined) lazy = signature;
      else if (lazy !== signature) throw ambiguous(name, receiver);
      fits.push(fit);
    }
    if (fits.length > 0) levels.push(fits);
  }
  const [model] = levels[0] ?? [];
  if (model === undefined) throw noMatch(name, receiver);
  return {
    levels,
    evaluators: forms.map((form, slot) =>
      form.form === "skipped" && model.rest.includes(slot) ? () => NO_VALUE : evaluator(form, model.types[slot]),
    ),
    isStandard: candidates.isStandard,
  };
}

/** What a starred parameter gets for an argument that was left out: no value of the language, and yet not null. */
export const NO_VALUE: object = Object.freeze(Object.create(Object.freeze({})));

/** Pairs become named arguments; a later one of the same name wins. */
function translateNamed(args: Arguments): { names: string[]; forms: ArgumentForm[] } {
  const positional: ArgumentForm[] = [];
  const named = new Map<string, ArgumentForm>();
  for (const form of args.positional) {
    if (form.form !== "pair") positional.push(form);
    else {
      if (form.keyword === undefined) throw mappingTranslation();
      named.set(form.keyword, form.valueForm);
    }
  }
  for (const [name, form] of args.named) {
    if (named.has(name)) throw mappingTranslation();
    named.set(name, form);
  }
  return { names: [...named.keys()], forms: [...positional, ...named.values()] };
}

const mappingTranslation = () => new YaqlError("mapping_translation", "Cannot convert mapping to keyword argument");

const isLazy = (type: ParameterType | undefined) =>
  type !== undefined && (type.passing === "lambda" || type.passing === "pair");

/** How the arguments map to the parameters; undefined when they do not. */
function fitArguments(
  definition: FunctionDefinition,
  forms: readonly ArgumentForm[],
  names: readonly string[],
): Fit | undefined {
  const width = forms.length - names.length;
  const slotOf = (name: string) => {
    const index = names.indexOf(name);
    return index < 0 ? -1 : width + index;
  };
  const bindings: Binding[] = [];
  const types: (ParameterType | undefined)[] = Array.from({ length: forms.length });
  const used = new Set<string>();
  for (const [position, parameter] of definition.parameters.entries()) {
    const given = position < width && forms[position]?.form !== "skipped";
    const named = slotOf(parameter.name);
    if (given) {
      if (named >= 0) return undefined;
      bindings.push({ parameter, slot: position });
      types[position] = parameter.type;
    } else if (named >= 0) {
      used.add(parameter.name);
      bindings.push({ parameter, slot: named });
      types[named] = parameter.type;
    } else {
      if (parameter.default === undefined) return undefined;
      bindings.push({ parameter, slot: -1 });
      if (position < width) types[position] = parameter.type;
    }
  }
  const rest: number[] = [];
  for (let slot = definition.parameters.length; slot < width; slot++) {
    if (definition.rest === undefined) return undefined;
    if (forms[slot]?.form === "skipped" && !["any", "object", "lambda"].includes(definition.rest.type.name))
      return undefined;
    rest.push(slot);
    types[slot] = definition.rest.type;
  }
  const namedRest: [string, number][] = [];
  for (const name of names) {
    if (used.has(name)) continue;
    if (definition.namedRest === undefined) return undefined;
    namedRest.push([name, slotOf(name)]);
    types[slotOf(name)] = definition.namedRest.type;
  }
  // Only positional arguments and those of the doubly starred parameter are looked at before evaluation.
  for (const [slot, form] of forms.entries()) {
    const type = types[slot];
    const looked = slot < width || namedRest.some(([, s]) => s === slot);
    if (type !== undefined && looked && !mayAccept(type, form)) return undefined;
  }
  return { definition, bindings, rest, namedRest, types };
}

/** Whether an argument can be of the type as far as its text shows. */
function mayAccept(type: ParameterType, form: ArgumentForm): boolean {
  if (form.form === "skipped") return true;
  // A value is no piece of text, which is what the other parameters are about.
  if (form.form === "value") return type.passing === "value" || type.passing === "lambda";
  switch (type.passing) {
    case "lambda":
      return true;
    case "pair":
      return form.form === "pair";
    case "keyword":
      return form.form === "constant" && form.keyword;
    case "constant":
      return form.form === "constant" && typeof form.value === "string";
    case "value":
      // No literal's type depends on the options of an evaluation.
      return form.form !== "constant" || (form.value === null ? type.nullable : type.accepts(form.value, NO_RUN));
  }
}
// A constant is a text, a number, a boolean or null: the only rule that asks for the run is about maps.
const NO_RUN = { iterableDicts: false } as Parameters<ParameterType["accepts"]>[1];

function evaluator(form: ArgumentForm, type: ParameterType | undefined): ((context: Context) => unknown) | undefined {
  if (form.form === "skipped" || form.form === "value") return undefined;
  if (type?.passing === "lambda") {
    const { evaluate } = form;
    return (context) => new Lambda(context, evaluate);
  }
  if (type?.passing === "pair" && form.form === "pair") {
    const { key, value } = form;
    return (context) => new LazyPair(new Lambda(context, key), new Lambda(context, value));
  }
  return form.evaluate;
}

/** Runs a plan: `given` has the values that are there already, by slot. */
export function runPlan(
  plan: Plan,
  context: Context,
  name: string,
  given: readonly unknown[],
  isMethod: boolean,
): unknown {
  // The receiver is there already: when nothing is called so on it, the other arguments are not looked at.
  if (isMethod && !acceptsReceiver(plan, given[0], context)) throw noMatch(name, { value: given[0] });
  const { evaluators } = plan;
  const values: unknown[] = [];
  for (let slot = 0; slot < evaluators.length; slot++) {
    const evaluate = evaluators[slot];
    values.push(evaluate === undefined ? given[slot] : evaluate(context));
  }
  return applyPlan(plan, context, name, values, isMethod);
}

function acceptsReceiver(plan: Plan, receiver: unknown, { run }: Context): boolean {
  for (const level of plan.levels) {
    for (const { types } of level) {
      const [type] = types;
      if (type === undefined || accepts(type, receiver, run)) return true;
    }
  }
  return false;
}

/** The second half: all arguments are there, now their types decide. */
export function applyPlan(
  plan: Plan,
  context: Context,
  name: string,
  values: readonly unknown[],
  isMethod: boolean,
): unknown {
  const { run } = context;
  for (const level of plan.levels) {
    let winner: Fit | undefined;
    for (const fit of level) {
      if (!fits(fit, values, context)) continue;
      if (winner !== undefined) {
        if (winsOver(winner, fit)) continue;
        if (!winsOver(fit, winner)) throw ambiguous(name, isMethod ? { value: values[0] } : null);
      }
      winner = fit;
    }
    if (winner === undefined) continue;
    run.step();
    run.enter();
    const result = invoke(winner, values, context);
    run.leave();
    return result;
  }
  throw noMatch(name, isMethod ? { value: values[0] } : null);
}

function fits(fit: Fit, values: readonly unknown[], context: Context): boolean {
  const { run } = context;
  const { bindings, rest, namedRest, definition } = fit;
  for (let i = 0; i < bindings.length; i++) {
    const { slot, parameter } = bindings[i] as Binding;
    if (slot >= 0 && !accepts(parameter.type, values[slot], run)) return false;
  }
  for (const slot of rest) if (!accepts((definition.rest as Parameter).type, values[slot], run)) return false;
  for (const [, slot] of namedRest)
    if (!accepts((definition.namedRest as Parameter).type, values[slot], run)) return false;
  return true;
}

/** Whether the first fit is strictly the more specific one. */
function winsOver(a: Fit, b: Fit): boolean {
  let wins = false;
  for (const [slot, type] of a.types.entries()) {
    const other = b.types[slot];
    if (type === undefined || other === undefined) continue;
    if (isMoreSpecific(other, type)) return false;
    if (isMoreSpecific(type, other)) wins = true;
  }
  return wins;
}

function invoke(fit: Fit, values: readonly unknown[], context: Context): unknown {
  const { definition, bindings } = fit;
  const { implementation } = definition;
  const args: unknown[] = [];
  for (let i = 0; i < bindings.length; i++) {
    const { slot, parameter } = bindings[i] as Binding;
    const value = slot < 0 ? parameter.default?.value : values[slot];
    args.push(received(parameter, value, context));
  }
  const { rest } = definition;
  if (rest) args.push(fit.rest.map((slot) => received(rest, values[slot], context)));
  if (definition.namedRest) {
    args.push(new Map(fit.namedRest.map(([name, slot]) => [name, values[slot]])));
  }
  switch (args.length) {
    case 1:
      return implementation(context, args[0]);
    case 2:
      return implementation(context, args[0], args[1]);
    case 3:
      return implementation(context, args[0], args[1], args[2]);
    default:
      return implementation(context, ...args);
  }
}

/** The value as the function gets it: collections are watched for their length, and whatever is no lambda acts as one. */
function received(parameter: Parameter, value: unknown, context: Context): unknown {
  const { type } = parameter;
  if (type.isCollection) return context.run.limitIterators < 0 ? value : limitCollection(value, context.run);
  if (type.passing !== "lambda") return value;
  if (value === null || value === undefined) return parameter.default === undefined ? notCallable(context) : null;
  if (!(value instanceof Lambda)) return new Lambda(context, () => value);
  return value.context === context ? value : new Lambda(context, value.evaluate);
}

/** What `call(select, [null], {}, [1])` hands over. */
function notCallable(context: Context): Lambda {
  return new Lambda(context, () => {
    throw new YaqlError("type", "'NoneType' object is not callable");
  });
}

/** Calls a function by name with values, the overload chosen as if they had been written. */
export function callFunction(
  context: Context,
  name: string,
  args: readonly unknown[],
  named?: ReadonlyMap<string, unknown>,
): unknown {
  return dispatchValues(context, name, "function", args, named);
}

/** Calls a method by name; the receiver is the first of the values. */
export function callMethod(
  context: Context,
  name: string,
  args: readonly unknown[],
  named?: ReadonlyMap<string, unknown>,
): unknown {
  return dispatchValues(context, name, "method", args, named);
}

function dispatchValues(
  context: Context,
  name: string,
  kind: "function" | "method",
  args: readonly unknown[],
  named: ReadonlyMap<string, unknown> = NO_NAMES,
): unknown {
  const receiver = kind === "method" ? { value: args[0] } : null;
  const candidates = context.functions.find(name, kind);
  if (candidates.levels.length === 0) throw unknown(name, receiver);
  const shape = `${args.length}:${[...named.keys()].join()}`;
  let plan = candidates.plans.get(shape);
  if (!plan) {
    const forms = new Map(Array.from(named.keys(), (key) => [key, GIVEN]));
    plan = makePlan(candidates, { positional: args.map(() => GIVEN), named: forms }, name, receiver);
    candidates.plans.set(shape, plan);
  }
  const given = named.size === 0 ? args : [...args, ...named.values()];
  return runPlan(plan, context, name, given, kind === "method");
}
const GIVEN: ArgumentForm = { form: "value" };
const NO_NAMES: ReadonlyMap<string, unknown> = new Map();

type Receiver = { readonly value: unknown } | null;

export function unknown(name: string, receiver: Receiver): YaqlError {
  if (receiver === null) return new YaqlError("unknown_function", `Unknown function "${name}"`);
  return new YaqlError("unknown_method", `Unknown method "${name}" for receiver ${str(receiver.value)}`);
}

export function noMatch(name: string, receiver: Receiver): YaqlError {
  if (receiver === null) {
    return new YaqlError("no_matching_function", `No function "${name}" matches supplied arguments`);
  }
  const message = `No method "${name}" for receiver ${str(receiver.value)} matches supplied arguments`;
  return new YaqlError("no_matching_method", message);
}

function ambiguous(name: string, receiver: Receiver): YaqlError {
  if (receiver === null) return new YaqlError("ambiguous_function", `Ambiguous function "${name}"`);
  return new YaqlError("ambiguous_method", `Ambiguous method "${name}" for receiver ${str(receiver.value)}`);
}
