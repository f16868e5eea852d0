import { STUBBORN_ATTEMPTS, type WorkflowName, WORKFLOWS } from "../content.ts";
import { sorted, twice } from "../../events.ts";
import { type Books, type ExecutionRow, markOf } from "./books.ts";

const INNER = "inner";

/** Each workflow has ended, its record is whole, each task ran once, and one that failed has a reason. */
export function auditWorkflows({ executions, steps }: Books): string[] {
  const children = Map.groupBy(
    executions.filter((one) => one.parent !== null),
    (one) => one.parent ?? "",
  );
  const records = new Map(steps.map((one) => [one.execution, one]));
  const workflows = executions.filter((one) => nameOf(one) !== undefined);
  return [
    ...steps
      .filter((one) => one.count !== one.last)
      .map((one) => `workflow ${one.execution} has ${one.count} steps, the last is number ${one.last}`),
    ...workflows.flatMap((one) => auditWorkflow(one, children, records.get(one.id)?.count ?? 0)),
    ...[...children.keys()]
      .filter((id) => !workflows.some((one) => one.id === id))
      .map((id) => `executions name ${id} as their workflow, which is none`),
  ];
}

function nameOf({ action }: ExecutionRow): WorkflowName | undefined {
  const name = action.replace(/^chaos\./, "");
  return Object.hasOwn(WORKFLOWS, name) ? (name as WorkflowName) : undefined;
}

function auditWorkflow(one: ExecutionRow, children: ReadonlyMap<string, ExecutionRow[]>, steps: number): string[] {
  const name = nameOf(one);
  if (name === undefined) return [];
  const problems: string[] = [];
  const wrong = (what: string) => problems.push(`workflow ${one.id} (${one.action} ${markOf(one)}) ${what}`);
  const own = children.get(one.id) ?? [];
  const tasks = own.filter((child) => child.action === "chaos.mark" || nameOf(child) !== undefined);
  for (const mark of twice(tasks, (child) => markOf(child) ?? "")) wrong(`has two executions of the task ${mark}`);
  if (own.length > 0 && steps === 0) wrong("has tasks and no step");
  const ran = own
    .flatMap((child) => marksOf(child, children))
    .map((mark) => mark.slice((markOf(one) ?? "").length + 1));
  const wanted: readonly string[] = WORKFLOWS[name];
  const foreign = ran.filter((mark) => !wanted.includes(mark));
  if (foreign.length > 0) wrong(`ran ${foreign.join(", ")}, which are no tasks of it`);
  if (one.status === "succeeded" && sorted(ran) !== sorted(wanted)) {
    wrong(`succeeded with [${sorted(ran)}], not [${sorted(wanted)}]`);
  }
  // What a worker took with it ends a workflow, and so does who cancels it; nothing else does.
  const isExplained = own.some((child) => child.status !== "succeeded" && child.status !== "failed");
  const isCanceled = one.status === "canceled";
  const hasFailedInner = own.some((child) => nameOf(child) !== undefined && child.status === "failed");
  if (one.status !== "succeeded" && !isCanceled && !isExplained && !hasFailedInner) {
    wrong(`is ${one.status} for no reason: ${JSON.stringify(one.result).slice(0, 300)}`);
  }
  if (name === "stubborn") {
    const attempts = own.filter((child) => child.action === "core.local").length;
    if (attempts > STUBBORN_ATTEMPTS) wrong(`made ${attempts} attempts, and may make ${STUBBORN_ATTEMPTS}`);
    if (one.status === "succeeded" && attempts !== STUBBORN_ATTEMPTS) wrong(`gave up after ${attempts} attempts`);
  }
  return problems;
}

/** The marks of a task, or of the tasks of the workflow that it is. */
function marksOf(child: ExecutionRow, children: ReadonlyMap<string, ExecutionRow[]>): string[] {
  if (nameOf(child) !== undefined) return (children.get(child.id) ?? []).flatMap((one) => marksOf(one, children));
  return child.action === "chaos.mark" ? [markOf(child) ?? INNER] : [];
}
