import type { ApiGraph } from "@squall/client";
import { formatCount } from "../output/count.ts";
import { formatSeconds } from "../output/time.ts";
import { fit, oneLine } from "../output/text-width.ts";

export type GraphNode = ApiGraph["nodes"][number];

/** Characters of a name in a box, and of a condition on a line. The whole text is shown to whoever points at it. */
const MOST_NAME = 32;
const MOST_CONDITION = 28;

export const shortName = (text: string): string => fit(oneLine(text), MOST_NAME);

/** What is to be known of a task beside its name and action. */
export function notesOf({ join, items, total, succeeded, runs }: GraphNode): string[] {
  const all = total === undefined ? "with items" : `items ${formatCount(succeeded ?? 0)}/${formatCount(total)}`;
  return [
    ...(join === undefined ? [] : [`join ${join}`]),
    ...(items ? [all] : []),
    ...(runs !== undefined && runs > 1 ? [`${runs} runs`] : []),
  ];
}

/** How long it took, or has taken until `now`. */
export function elapsedOf(node: Pick<GraphNode, "start_timestamp" | "end_timestamp">, now: number): string | undefined {
  if (node.start_timestamp === undefined) return undefined;
  const end = node.end_timestamp === undefined ? now : Date.parse(node.end_timestamp);
  const seconds = (end - Date.parse(node.start_timestamp)) / 1000;
  return Number.isFinite(seconds) ? formatSeconds(Math.max(0, seconds)) : undefined;
}

/** A condition cut to what fits on a line. */
export const shortCondition = (when: string): string => fit(bareCondition(when), MOST_CONDITION);

/** A condition without the signs around it. */
export function bareCondition(when: string): string {
  const bare = oneLine(when)
    .trim()
    .replace(/^(?:<%|\{\{)\s*([^]*?)\s*(?:%>|\}\})$/, "$1");
  return bare.replace(/^(succeeded|failed|completed)\(\)$/, "$1");
}
