import { type Execution, formatMicros } from "@squall/model";
import { statusOfRun, type TaskRun } from "./tracker.ts";

/** `task()` (orquesta-and-expressions 9). Only what the workflow was told counts, so that it is the same when read back. */
export function recordOfTask(
  workflow: string,
  task: string,
  route: number,
  run: TaskRun,
  rowOf: (id: string) => Pick<Execution, "result" | "start" | "end">,
): Readonly<Record<string, unknown>> {
  const children = [...run.children].sort(([a], [b]) => a - b);
  const rows = children.map(([item, child]) => ({ item, child, row: rowOf(child.id) }));
  const first = rows[0]?.row;
  const done = rows.every(({ child }) => child.ended);
  let result: unknown = null;
  if (run.items) {
    const items: unknown[] = [];
    for (const { item, child, row } of rows) {
      while (items.length < item) items.push(null);
      items.push({ status: child.status, result: child.ended ? (row.result ?? null) : null });
    }
    result = { items };
  } else if (done) result = first?.result ?? null;
  const end = done ? Math.max(...rows.map(({ row }) => row.end ?? row.start)) : undefined;
  return {
    task_execution_id: run.id,
    workflow_execution_id: workflow,
    task_name: task,
    task_id: task,
    route,
    result,
    status: statusOfRun(run),
    start_timestamp: first === undefined ? null : formatMicros(first.start),
    end_timestamp: end === undefined ? null : formatMicros(end),
  };
}
