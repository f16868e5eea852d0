import type { ApiGraph } from "@squall/client";
import { Failure } from "../failure.ts";
import { oneLine, textWidth } from "../output/text-width.ts";
import { elapsedOf, type GraphNode, notesOf, shortCondition, shortName } from "./captions.ts";
import { type Layout, layout, type Point, type Size } from "./layout.ts";
import { STYLE } from "./svg-style.ts";

/** Beyond this nobody finds anything in a picture, and laying it out takes long. */
const MOST_NODES = 300;
const MOST_EDGES = 1000;
/** The widths and heights of the fonts in svg-style.ts, pixels. */
const CHAR = { name: 8.1, note: 6.9, label: 6.3 };
const LINE = 17;
const PAD = { x: 14, y: 10 };
const MARGIN = 24;
const HEAD = 44;

/** What a status looks like: by colour, by sign and by word, so that no one of these is needed. */
const LOOKS: Readonly<Record<string, { readonly look: string; readonly sign: string }>> = {
  succeeded: { look: "good", sign: "✓" },
  failed: { look: "bad", sign: "✗" },
  timeout: { look: "bad", sign: "✗" },
  abandoned: { look: "bad", sign: "✗" },
  canceled: { look: "rest", sign: "⊘" },
  canceling: { look: "rest", sign: "⊘" },
  paused: { look: "rest", sign: "‖" },
  pausing: { look: "rest", sign: "‖" },
  pending: { look: "rest", sign: "?" },
};
const RUNNING = { look: "run", sign: "▸" };

export interface Heading {
  readonly title: string;
  /** Of an execution: its status, and how long it took. */
  readonly status?: string;
  readonly elapsed?: string | undefined;
}

/**
 * A picture of a workflow that stands alone: fonts of the system, colours for light and dark, no script. Texts are
 * escaped, and cut to what fits; the whole text is the tooltip. @throws Failure when there is too much to be drawn
 */
export function svg(graph: ApiGraph, heading: Heading, now: number): string {
  if (graph.nodes.length > MOST_NODES || graph.edges.length > MOST_EDGES) {
    throw new Failure(
      `the workflow has ${graph.nodes.length} tasks and ${graph.edges.length} ways between them, too much for a picture`,
      "`--format mermaid` writes it as text",
    );
  }
  const isRun = heading.status !== undefined;
  const boxes = graph.nodes.map((node) => boxOf(node, isRun, now));
  const labels = graph.edges.map(({ when }) => (when === undefined ? undefined : labelOf(shortCondition(when))));
  const placed = layout(graph, boxes, labels);
  const title = headingText(heading);
  const width = Math.ceil(Math.max(placed.width, textWidth(title) * CHAR.name) + 2 * MARGIN);
  const height = Math.ceil(placed.height + 2 * MARGIN + HEAD);
  const shift = (width - placed.width) / 2;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(title)}">`,
    `<title>${xml(title)}</title>`,
    `<style>${STYLE}</style>`,
    markers(),
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="head" x="${width / 2}" y="${MARGIN + 8}" text-anchor="middle">${xml(title)}</text>`,
    `<g transform="translate(${round(shift)} ${MARGIN + HEAD})">`,
  ];
  graph.edges.forEach(({ from, to, taken }, at) => {
    const look = taken === true ? "taken" : taken === false ? "passed" : "open";
    const points = placed.edges[at]?.points ?? [];
    parts.push(
      `<path class="way ${look}" d="${curve(points, from === to ? "x" : placed.axis)}" marker-end="url(#arrow-${look})"/>`,
    );
  });
  // Above all lines, so that none goes through a text.
  graph.edges.forEach(({ when, taken }, at) => {
    const label = placed.edges[at]?.label;
    if (label === undefined || when === undefined) return;
    parts.push(
      `<g class="when${taken === false ? " faint" : ""}"><title>${xml(when)}</title>`,
      rect(label, 'rx="4"'),
      `<text x="${round(label.x)}" y="${round(label.y + 4)}" text-anchor="middle">${xml(shortCondition(when))}</text></g>`,
    );
  });
  graph.nodes.forEach((node, at) => {
    const box = placed.nodes[at];
    if (box) parts.push(drawNode(node, box, boxes[at]?.lines ?? []));
  });
  parts.push("</g>", "</svg>", "");
  return parts.join("\n");
}

interface Line {
  readonly text: string;
  readonly style: "name" | "action" | "note" | "status";
}

function boxOf(node: GraphNode, isRun: boolean, now: number): Size & { readonly lines: readonly Line[] } {
  const { id, action, status } = node;
  const lines: Line[] = [{ text: shortName(id), style: "name" }];
  if (action !== undefined) lines.push({ text: shortName(action), style: "action" });
  const notes = notesOf(node);
  if (notes.length > 0) lines.push({ text: notes.join(" · "), style: "note" });
  if (status !== undefined) {
    const elapsed = elapsedOf(node, now);
    const { sign } = LOOKS[status] ?? RUNNING;
    lines.push({ text: `${sign} ${status}${elapsed === undefined ? "" : ` · ${elapsed}`}`, style: "status" });
  } else if (isRun) lines.push({ text: "not run", style: "status" });
  const widest = Math.max(
    ...lines.map(({ text, style }) => textWidth(text) * (style === "name" ? CHAR.name : CHAR.note)),
  );
  return { lines, width: Math.ceil(Math.max(90, widest + 2 * PAD.x)), height: lines.length * LINE + 2 * PAD.y };
}

const labelOf = (text: string): Size => ({ width: Math.ceil(textWidth(text) * CHAR.label + 12), height: 18 });

function drawNode(node: GraphNode, box: Point & Size, lines: readonly Line[]): string {
  const { id, action, status } = node;
  const look = status === undefined ? "none" : (LOOKS[status] ?? RUNNING).look;
  const isCommand = action === undefined && ["continue", "noop", "fail"].includes(id);
  const top = box.y - box.height / 2 + PAD.y;
  const whole = [id, action, ...(status === undefined ? [] : [status])].filter((text) => text !== undefined).join("\n");
  return [
    `<g class="task ${look}"><title>${xml(whole)}</title>`,
    rect(box, isCommand ? `rx="${box.height / 2}"` : 'rx="7"'),
    // A bar at the side for whoever sees no colours: it is there once something has happened.
    ...(status === undefined || isCommand ? [] : [bar(box)]),
    ...lines.map(
      ({ text, style }, at) =>
        `<text class="${style}" x="${round(box.x)}" y="${round(top + at * LINE + 12)}" text-anchor="middle">${xml(text)}</text>`,
    ),
    "</g>",
  ].join("\n");
}

const rect = ({ x, y, width, height }: Point & Size, more: string): string =>
  `<rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${round(width)}" height="${round(height)}" ${more}/>`;

const bar = ({ x, y, width, height }: Point & Size): string =>
  `<rect class="bar" x="${round(x - width / 2 + 4)}" y="${round(y - height / 2 + 5)}" width="3" height="${round(height - 10)}" rx="1.5"/>`;

/** A smooth line through all points that goes along the layers' way at each, and never beyond its points. */
function curve(points: readonly Point[], axis: Layout["axis"]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let from = first;
  const pieces = [`M${at(first)}`];
  for (const to of rest) {
    const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    const [one, two] =
      axis === "y"
        ? [
            { x: from.x, y: middle.y },
            { x: to.x, y: middle.y },
          ]
        : [
            { x: middle.x, y: from.y },
            { x: middle.x, y: to.y },
          ];
    pieces.push(`C${at(one)} ${at(two)} ${at(to)}`);
    from = to;
  }
  return pieces.join(" ");
}

const at = ({ x, y }: Point): string => `${round(x)},${round(y)}`;
const round = (value: number): number => Math.round(value * 10) / 10;

const markers = (): string =>
  `<defs>${["taken", "passed", "open"]
    .map(
      (look) =>
        `<marker id="arrow-${look}" class="arrow ${look}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0.5 L10,5 L0,9.5 z"/></marker>`,
    )
    .join("")}</defs>`;

function headingText({ title, status, elapsed }: Heading): string {
  const sign = status === undefined ? [] : [`${(LOOKS[status] ?? RUNNING).sign} ${status}`];
  return [shortName(title), ...sign, ...(elapsed === undefined ? [] : [elapsed])].join(" · ");
}

/** Text within XML: characters that XML does not know are left out. */
export function xml(text: string): string {
  return oneLine(text)
    .replace(/[\uD800-\uDFFF\uFFFE\uFFFF]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
