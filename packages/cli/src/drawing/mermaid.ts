import type { ApiGraph } from "@squall/client";
import { bareCondition, elapsedOf, notesOf } from "./captions.ts";

/** Statuses with the colours of their boxes: fill and border. */
const CLASSES = {
  succeeded: "fill:#d7f0dd,stroke:#2c7a4b,color:#10331f",
  failed: "fill:#f8d7da,stroke:#a32d3a,color:#4a1018",
  running: "fill:#d6e8fa,stroke:#1f6f8b,color:#0c2f3c",
  canceled: "fill:#fbeecb,stroke:#8a6d1c,color:#3f3108",
} as const;

const ALIKE: Readonly<Record<string, keyof typeof CLASSES>> = {
  succeeded: "succeeded",
  failed: "failed",
  timeout: "failed",
  abandoned: "failed",
  canceled: "canceled",
  canceling: "canceled",
  paused: "canceled",
  pausing: "canceled",
  pending: "canceled",
};

/** A flow chart in Mermaid's language. Texts of definitions stand in quotes, in which only quotes, `#` and `<` mean anything. */
export function mermaid({ nodes, edges }: ApiGraph, now: number): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  const used = new Set<keyof typeof CLASSES>();
  const lines = ["flowchart TD"];
  for (const node of nodes) {
    const { id, action, status } = node;
    const elapsed = elapsedOf(node, now);
    const texts = [
      id,
      ...(action === undefined ? [] : [action]),
      ...notesOf(node),
      ...(status === undefined ? [] : [elapsed === undefined ? status : `${status}, ${elapsed}`]),
    ];
    const look = status === undefined ? undefined : (ALIKE[status] ?? "running");
    if (look !== undefined) used.add(look);
    lines.push(`  ${names.get(id)}["${texts.map(escaped).join("<br>")}"]${look === undefined ? "" : `:::${look}`}`);
  }
  for (const { from, to, when, taken } of edges) {
    const arrow = taken === true ? "==>" : taken === false ? "-.->" : "-->";
    lines.push(
      `  ${names.get(from)} ${arrow}${when === undefined ? "" : `|"${escaped(bareCondition(when))}"|`} ${names.get(to)}`,
    );
  }
  for (const look of used) lines.push(`  classDef ${look} ${CLASSES[look]}`);
  return lines.join("\n");
}

function escaped(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, " ")
    .replaceAll("#", "#35;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;");
}
