import {
  type Action,
  compileSchema,
  type JsonObject,
  type Parameters,
  type ParameterSchema,
  parametersToDraft4,
  type RunnerType,
  type Validate,
} from "@squall/model";
import { holdsTemplate } from "./templates.ts";

/** What is worked out once per action, since its executions share it. */
export interface ParameterPlan {
  readonly runner: RunnerType;
  /** Action schemas merged over the runner's. */
  readonly merged: Parameters;
  readonly validate: Validate;
  /** What fills an absent value: the action's default, else the runner's. Absent entries have none. */
  readonly defaults: JsonObject;
  /** Names whose default is a template. */
  readonly templated: ReadonlySet<string>;
  readonly immutable: readonly string[];
  /** Names that must be given: required, and without a default. */
  readonly required: readonly string[];
  /** Top-level names that are secret, or hold something secret. */
  readonly sealed: readonly string[];
}

/** Keywords in which the runner's word holds if the action says nothing; the union otherwise, the action winning. */
export function mergeParameters(runner: Parameters, action: Parameters): Parameters {
  const merged: Record<string, ParameterSchema> = { ...runner };
  for (const [name, schema] of Object.entries(action)) {
    const below = runner[name];
    merged[name] = below
      ? { ...below, ...schema, ...(below.immutable || schema.immutable ? { immutable: true } : {}) }
      : schema;
  }
  return merged;
}

export function planParameters(action: Action, runner: RunnerType): ParameterPlan {
  const merged = mergeParameters(runner.runner_parameters, action.parameters);
  const defaults: JsonObject = {};
  const templated = new Set<string>();
  const immutable: string[] = [];
  const required: string[] = [];
  const sealed: string[] = [];
  for (const [name, schema] of Object.entries(merged)) {
    const own = action.parameters[name]?.default;
    const value = own ?? runner.runner_parameters[name]?.default;
    if (value !== undefined) defaults[name] = value;
    if (holdsTemplate(value)) templated.add(name);
    if (schema.immutable) immutable.push(name);
    if (schema.required === true && value === undefined) required.push(name);
    if (holdsSecret(schema)) sealed.push(name);
  }
  return {
    runner,
    merged,
    validate: compileSchema(parametersToDraft4(merged), "draft-4", sealed),
    defaults,
    templated,
    immutable,
    required,
    sealed,
  };
}

/** One plan per action object; a changed action is a new object. */
export function createPlans(): (action: Action, runner: RunnerType) => ParameterPlan {
  const plans = new WeakMap<Action, ParameterPlan>();
  return (action, runner) => {
    const known = plans.get(action);
    if (known?.runner === runner) return known;
    const plan = planParameters(action, runner);
    plans.set(action, plan);
    return plan;
  };
}

function holdsSecret(schema: ParameterSchema): boolean {
  if (schema.secret) return true;
  const nested: unknown[] = [
    ...Object.values(schema.properties ?? {}),
    ...Object.values(schema.patternProperties ?? {}),
    ...((Array.isArray(schema.items) ? schema.items : [schema.items]) as readonly unknown[]),
    schema.additionalProperties,
    schema.additionalItems,
  ];
  return nested.some((one) => typeof one === "object" && one !== null && holdsSecret(one as ParameterSchema));
}
