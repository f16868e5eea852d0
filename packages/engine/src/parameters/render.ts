import { type Context, renderParameters } from "@squall/expressions";
import { Invalid, type JsonObject } from "@squall/model";
import { castParameters } from "./cast.ts";
import type { ParameterPlan } from "./plan.ts";
import { holdsTemplate } from "./templates.ts";

/**
 * From what a caller gave to what an execution keeps: templates rendered (also in defaults that are in use), types
 * cast, the whole validated. Plain defaults are not kept. Throws Invalid with StackStorm's words.
 */
export function renderRequest(plan: ParameterPlan, given: JsonObject, context: Context): JsonObject {
  refuseOverrides(plan.immutable.filter((name) => given[name] !== undefined));
  let values = given;
  if (plan.templated.size > 0 || holdsTemplate(given)) {
    const missing = plan.required.filter((name) => given[name] === undefined);
    if (missing.length > 0) {
      // Said before anything is rendered: a default that reads a missing parameter would complain about a name instead.
      throw new Invalid("parameters.invalid", {
        message: missing.map((name) => `'${name}' is a required property`).join("; "),
        fields: { missing },
      });
    }
    const all: JsonObject = {};
    for (const name in plan.defaults)
      if (given[name] === undefined || given[name] === null) all[name] = plan.defaults[name];
    const rendered = renderParameters({ ...all, ...withoutNulls(given, all) }, context);
    values = {};
    for (const name in given) values[name] = name in rendered ? rendered[name] : given[name];
    for (const name of plan.templated) {
      if (values[name] === undefined && !plan.merged[name]?.immutable) values[name] = rendered[name];
    }
  }
  return castAndCheck(plan, values, []);
}

function refuseOverrides(overridden: readonly string[]): void {
  if (overridden.length === 0) return;
  throw new Invalid("parameters.immutable", {
    message: `Override of immutable parameter(s) [${overridden.map((name) => `'${name}'`).join(", ")}] is unsupported.`,
  });
}

function castAndCheck(plan: ParameterPlan, values: JsonObject, overridden: readonly string[]): JsonObject {
  refuseOverrides(overridden);
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

/**
 * `renderRequest` for values that come out of a workflow: they are data, whatever they look like, and never rendered.
 * Templates in defaults see them.
 */
export function literalRequest(plan: ParameterPlan, given: JsonObject, context: Context): JsonObject {
  const overridden = plan.immutable.filter((name) => given[name] !== undefined);
  const fill: JsonObject = {};
  for (const name of plan.templated) {
    if (given[name] === undefined && !plan.merged[name]?.immutable) fill[name] = plan.defaults[name];
  }
  const templates = Object.keys(fill).length > 0;
  if (overridden.length > 0 || !templates) return castAndCheck(plan, given, overridden);
  return castAndCheck(plan, { ...renderParameters(fill, { ...context, ...plan.defaults, ...given }), ...given }, []);
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

function withoutNulls(given: JsonObject, defaults: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const name in given) if (!(name in defaults)) out[name] = given[name];
  return out;
}
