import { isObject, type JsonObject, type Parameters, pythonText } from "@squall/model";
import { didYouMean, error, type Problem } from "./check/problem.ts";

/**
 * The reserved key of a pack's configuration that says which instances of its sensors there are. StackStorm does not
 * know it and leaves it alone, since unknown attributes are allowed.
 */
export const INSTANCES_KEY = "_instances";

/** One sensor, configured once more. */
export interface DeclaredInstance {
  /** Takes the place of the pack's own values, by attribute. */
  readonly config: JsonObject;
  readonly enabled: boolean;
  /** Seconds; absent: the sensor's own. */
  readonly poll_interval?: number;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const FIELDS = ["config", "enabled", "poll_interval"];
const MOST_INSTANCES = 100;

/** A configuration without what is Squall's own in it. */
export function ownValues(values: JsonObject): JsonObject {
  const { [INSTANCES_KEY]: _, ...own } = values;
  return own;
}

/** The instances that a checked configuration declares for a sensor, by name; undefined when it declares none. */
export function declaredInstances(
  values: JsonObject,
  className: string,
): ReadonlyMap<string, DeclaredInstance> | undefined {
  const all = values[INSTANCES_KEY];
  const declared = isObject(all) && Object.hasOwn(all, className) ? all[className] : undefined;
  if (!isObject(declared)) return undefined;
  return new Map(
    Object.entries(declared).map(([name, given]) => {
      const { config, enabled, poll_interval: interval } = isObject(given) ? given : {};
      return [
        name,
        {
          config: isObject(config) ? config : {},
          enabled: enabled !== false,
          ...(typeof interval === "number" && { poll_interval: interval }),
        },
      ];
    }),
  );
}

/**
 * Everything wrong with the instances in a configuration. `check` says what is wrong with the values that an instance
 * gets: the pack's own with its config over them.
 */
export function checkInstances(
  values: JsonObject,
  schema: Parameters | undefined,
  check: (merged: JsonObject, schema: Parameters | undefined) => readonly Problem[],
): Problem[] {
  const all = values[INSTANCES_KEY];
  if (all === undefined) return [];
  if (!isObject(all)) return [error([INSTANCES_KEY], `expected sensors' class names, found ${pythonText(all)}`)];
  return Object.entries(all).flatMap(([className, declared]): Problem[] => {
    const here = [INSTANCES_KEY, className];
    if (!isObject(declared)) return [error(here, `expected names of instances, found ${pythonText(declared)}`)];
    const instances = Object.entries(declared);
    if (instances.length > MOST_INSTANCES) {
      return [error(here, `${instances.length} instances of one sensor; ${MOST_INSTANCES} is the most`)];
    }
    return instances.flatMap(([name, given]) => {
      const at = [...here, name];
      if (!NAME.test(name)) {
        return [error(at, `an instance's name has 1 to 64 of the characters A-Z a-z 0-9 _ -, '${name}' has others`)];
      }
      if (given === null) return [];
      if (!isObject(given)) return [error(at, `expected ${FIELDS.join(", ")}, found ${pythonText(given)}`)];
      const problems = checkFields(given, at);
      if (problems.length > 0) return problems;
      const merged = { ...ownValues(values), ...(isObject(given.config) ? given.config : {}) };
      return check(merged, schema).map((one) => ({ ...one, path: [...at, "config", ...one.path] }));
    });
  });
}

function checkFields(given: JsonObject, at: readonly string[]): Problem[] {
  return Object.entries(given).flatMap(([field, value]) => {
    const here = [...at, field];
    switch (field) {
      case "config":
        return isObject(value) ? [] : [error(here, `expected a mapping of attributes, found ${pythonText(value)}`)];
      case "enabled":
        return typeof value === "boolean" ? [] : [error(here, `expected true or false, found ${pythonText(value)}`)];
      case "poll_interval":
        return typeof value === "number" && value >= 4
          ? []
          : [error(here, `expected a number of seconds of at least 4, found ${pythonText(value)}`)];
      default:
        return [error(here, `unknown field '${field}'${didYouMean(field, FIELDS)}`)];
    }
  });
}
