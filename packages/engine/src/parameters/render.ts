import { type Context, renderParameters } from "@squall/expressions";
import { Invalid, type JsonObject } from "@squall/model";
import { castParameters } from "./cast.ts";
import type { ParameterPlan } from "./plan.ts";
import { holdsTemplate } from "./templates.ts";

/**
 * From what a caller gave to what an execution keeps: templates rendered (also in defaults that are in use), types
 * cast, the whole validated. Plain defaults are not kept. `literal` are values that were rendered before: they are kept as
 * they are unless `given` has them anew, and templates may refer to them. Throws Invalid with StackStorm's words.
 */
export function renderRequest(
  plan: ParameterPlan,
  given: JsonObject,
  context: Context,
  literal: JsonObject = {},
): JsonObject {
  refuseOverrides(plan, given);
  const settled = without(literal, given);
  let values = { ...settled, ...given };
  if (plan.templated.size > 0 || holdsTemplate(given)) {
    const missing = plan.required.filter((name) => values[name] === undefined);
    if (missing.length > 0) {
      // Said before anything is rendered: a default that reads a missing parameter would complain about a name instead.
      throw new Invalid("parameters.invalid", {
        message: missing.map((name) => `'${name}' is a required property`).join("; "),
        fields: { missing },
      });
    }
    const all: JsonObject = {};
    // A parameter that nobody gave and that has no default is null to templates, as `{% if limit %}` of a command needs.
    for (const name in plan.merged)
      if (isAbsent(given[name]) && isAbsent(settled[name])) all[name] = plan.defaults[name] ?? null;
    const rendered = renderParameters({ ...all, ...without(given, all) }, { ...context, ...settled });
    values = { ...settled };
    for (const name in given) define(values, name, Object.hasOwn(rendered, name) ? rendered[name] : given[name]);
    for (const name of plan.templated) {
      if (values[name] === undefined && !plan.merged[name]?.immutable) values[name] = rendered[name];
    }
  }
  const cast = castParameters(values, plan.merged);
  const violations = plan.validate(cast);
  if (violations.length > 0) {
    throw new Invalid("parameters.invalid", {
      message: violations
        .map((one) => (one.path ? `${one.message} (parameter '${one.path}')` : one.message))
        .slice(0, 20)
        .join("; "),
      fields: { violations: violations.slice(0, 20) },
    });
  }
  return cast;
}

/** @throws Invalid when a value is given that the action says nobody may give */
export function refuseOverrides(plan: ParameterPlan, given: JsonObject): void {
  const overridden = plan.immutable.filter((name) => given[name] !== undefined);
  if (overridden.length === 0) return;
  throw new Invalid("parameters.immutable", {
    message: `Override of immutable parameter(s) [${overridden.map((name) => `'${name}'`).join(", ")}] is unsupported.`,
  });
}

/**
 * From what an execution keeps to what its runner gets: kept values stay as they are, never read as templates again;
 * defaults fill what is absent, null or immutable, and are rendered; the result is split by who declared each name.
 */
export function renderFinal(
  plan: ParameterPlan,
  kept: JsonObject,
  context: Context,
): { readonly runner: JsonObject; readonly action: JsonObject } {
  const values: JsonObject = { ...kept };
  const fill: JsonObject = {};
  let templates = false;
  for (const name in plan.merged) {
    const absent = values[name] === undefined || values[name] === null || plan.merged[name]?.immutable === true;
    if (!absent) continue;
    const value = plan.defaults[name];
    if (plan.templated.has(name)) templates = true;
    fill[name] = value === undefined ? null : value;
    delete values[name];
  }
  const rendered = templates ? renderParameters(fill, { ...context, ...values }) : fill;
  const all = castParameters({ ...rendered, ...values }, plan.merged);
  const runner: JsonObject = {};
  const action: JsonObject = {};
  for (const name in all) {
    if (name in plan.runner.runner_parameters) runner[name] = all[name];
    else action[name] = all[name];
  }
  return { runner, action };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function without(values: JsonObject, others: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !Object.hasOwn(others, name)));
}

/** Sets an own property, also where it is called `__proto__`. */
function define(object: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
