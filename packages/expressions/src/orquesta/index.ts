/** The expressions of Orquesta workflows: YAQL and Jinja, with the functions of Orquesta and StackStorm. */
export { type Language, textsIn, usedVariables, type VariableUse } from "./detect.ts";
export { checkExpressions, evaluateExpressions, evaluateList, type ExpressionProblem } from "./evaluate.ts";
export {
  type CurrentTask,
  ExpressionError,
  type KeyRequest,
  routeSeenFrom,
  type Variables,
  type WorkflowFunctions,
} from "./scope.ts";
