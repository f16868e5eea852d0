/** Whether executions of a runner are conducted here instead of being given to it. */
export function isWorkflow(runner: string): boolean {
  return runner === "orquesta" || runner === "action-chain";
}
