/**
 * Reads pack folders into model objects, with problems that name file, line and field; checks and completes drafts from
 * elsewhere (the API) by the same rules; digests folders.
 */
export { type ActionRules, checkAction, type KnownRunner, runnerName } from "./check/action.ts";
export { checkAlias } from "./check/alias.ts";
export { checkConfig, checkConfigSchema } from "./check/config.ts";
export { checkPack, deriveRef } from "./check/pack.ts";
export { checkParameters } from "./check/parameters.ts";
export { checkPolicy, POLICY_TYPES } from "./check/policy.ts";
export { formatPath, hasErrors, type Problem } from "./check/problem.ts";
export { checkRule, RULE_TYPES } from "./check/rule.ts";
export { checkSensor } from "./check/sensor.ts";
export { checkTriggerType } from "./check/trigger-type.ts";
export {
  type Completed,
  completeAction,
  completeAlias,
  completePack,
  completePolicy,
  completeRule,
  completeSensor,
  completeTriggerType,
} from "./complete.ts";
export { digestPack, type PackFiles } from "./digest.ts";
export type { LocatedProblem } from "./metadata-file.ts";
export { type Located, type PackContent, type ReadOptions, readPack } from "./read-pack.ts";
export { resolveConfig, schemaOfItem, schemaOfMember } from "./resolve-config.ts";
export { type DeclaredInstance, declaredInstances, INSTANCES_KEY, ownValues } from "./sensor-instances.ts";
export type { Path, Place, Positions } from "./yaml/positions.ts";
export { MAX_YAML_BYTES, readYaml, type YamlDocument } from "./yaml/read-yaml.ts";
export * from "./install/index.ts";
