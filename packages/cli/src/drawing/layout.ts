import untyped from "@dagrejs/dagre";
import type { ApiGraph } from "@squall/client";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where everything stands: centres of boxes and labels, points of lines, in the order of the graph's nodes and edges. */
export interface Layout extends Size {
  /** Along which the layers follow each other. */
  readonly axis: "x" | "y";
  readonly nodes: readonly (Point & Size)[];
  readonly edges: readonly { readonly points: readonly Point[]; readonly label?: Point & Size }[];
}

/** What of dagre is used here. The types that 3.1.3 ships name files without extensions, which Node's resolution does not find. */
interface Dagre {
  readonly graphlib: { readonly Graph: new (options: { multigraph: boolean }) => DagreGraph };
  layout(graph: DagreGraph): void;
}

interface DagreGraph {
  setGraph(options: object): void;
  setNode(name: string, label: object): void;
  setEdge(from: string, to: string, label: object, name: string): void;
  graph(): Partial<Size>;
  node(name: string): Partial<Point & Size>;
  edge(from: string, to: string, name: string): Partial<Point & Size> & { readonly points?: readonly Point[] };
}

// Cast: see above.
const dagre = untyped as unknown as Dagre;

/** A picture wider than this is tried the other way round: from left to right, where what is side by side stands below each other. */
const WIDE = 1600;

/** Puts the tasks into layers along the ways between them, with few crossings; lines go around boxes. */
export function layout(graph: ApiGraph, boxes: readonly Size[], labels: readonly (Size | undefined)[]): Layout {
  const down = place(graph, boxes, labels, "TB");
  if (down.width <= WIDE) return down;
  const right = place(graph, boxes, labels, "LR");
  return Math.max(right.width, right.height) < Math.max(down.width, down.height) ? right : down;
}

function place(
  { nodes, edges }: ApiGraph,
  boxes: readonly Size[],
  labels: readonly (Size | undefined)[],
  rankdir: "TB" | "LR",
): Layout {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir, nodesep: 28, edgesep: 18, ranksep: 46, marginx: 0, marginy: 0 });
  const numbers = new Map(nodes.map(({ id }, at) => [id, String(at)]));
  const loops = loopRooms(nodes.length, edges, numbers, labels);
  nodes.forEach((_, at) => {
    const { width, height } = boxes[at] as Size;
    graph.setNode(String(at), { width: width + (loops[at] ?? 0), height });
  });
  edges.forEach(({ from, to }, at) => {
    if (from === to) return;
    const label = labels[at];
    graph.setEdge(
      numbers.get(from) ?? "",
      numbers.get(to) ?? "",
      label === undefined ? { width: 0, height: 0 } : { ...label, labelpos: "c" },
      String(at),
    );
  });
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const placed = nodes.map((_, at) => {
    const { x = 0, y = 0 } = graph.node(String(at));
    return { x, y, ...(boxes[at] as Size) };
  });
  const ways = edges.map(({ from, to }, at) => {
    if (from === to) return undefined;
    return graph.edge(numbers.get(from) ?? "", numbers.get(to) ?? "", String(at));
  });
  const turn = isTurned(edges, numbers, placed, rankdir)
    ? (point: Point): Point =>
        rankdir === "TB" ? { x: width - point.x, y: point.y } : { x: point.x, y: height - point.y }
    : (point: Point): Point => point;
  const found = placed.map((box, at) => {
    const point = turn(box);
    return { ...box, x: point.x - (loops[at] ?? 0) / 2, y: point.y };
  });
  const loopsDrawn = new Map<string, number>();
  return {
    axis: rankdir === "TB" ? "y" : "x",
    width,
    height,
    nodes: found,
    edges: edges.map(({ from, to }, at) => {
      const label = labels[at];
      const way = ways[at];
      const box = found[Number(numbers.get(from))];
      if (from === to && box !== undefined) {
        const before = loopsDrawn.get(from) ?? 0;
        loopsDrawn.set(from, before + loopRoom(label));
        return loop(box, label, before);
      }
      const { points = [], x = 0, y = 0 } = way ?? {};
      const turned = points.map(({ x, y }) => turn({ x, y }));
      return {
        points: ended(turned, box, found[Number(numbers.get(to))], rankdir),
        ...(label && { label: { ...turn({ x, y }), ...label } }),
      };
    }),
  };
}

/** How far to the right of its box a way from a task to itself reaches. */
const LOOP = 30;
const loopRoom = (label: Size | undefined): number => LOOP + (label?.width ?? 0);

function loopRooms(
  count: number,
  edges: ApiGraph["edges"],
  numbers: ReadonlyMap<string, string>,
  labels: readonly (Size | undefined)[],
): number[] {
  const rooms = Array.from({ length: count }, () => 0);
  edges.forEach(({ from, to }, at) => {
    const number = Number(numbers.get(from));
    if (from === to) rooms[number] = (rooms[number] ?? 0) + loopRoom(labels[at]);
  });
  return rooms;
}

/** Out of the right side of a box and in again, beyond those that are there. */
function loop(box: Point & Size, label: Size | undefined, before: number): Layout["edges"][number] {
  const side = box.x + box.width / 2;
  const far = side + before + LOOP - 10;
  const up = box.y - Math.min(14, box.height / 3);
  const low = box.y + Math.min(14, box.height / 3);
  return {
    points: [
      { x: side, y: up },
      { x: far, y: box.y },
      { x: side, y: low },
    ],
    ...(label && { label: { x: far + label.width / 2, y: box.y, ...label } }),
  };
}

/** Ways begin and end at the sides of boxes along the axis, away from the corners. */
function ended(
  points: readonly Point[],
  from: (Point & Size) | undefined,
  to: (Point & Size) | undefined,
  rankdir: "TB" | "LR",
): readonly Point[] {
  const [second, last] = [points[1], points.at(-2)];
  if (from === undefined || to === undefined || second === undefined || last === undefined) return points;
  return [portOf(from, second, rankdir), ...points.slice(1, -1), portOf(to, last, rankdir)];
}

const CORNER = 14;

function portOf({ x, y, width, height }: Point & Size, towards: Point, rankdir: "TB" | "LR"): Point {
  const near = (wanted: number, middle: number, size: number): number => {
    const reach = Math.max(0, size / 2 - CORNER);
    return Math.min(middle + reach, Math.max(middle - reach, wanted));
  };
  return rankdir === "TB"
    ? { x: near(towards.x, x, width), y: y + (Math.sign(towards.y - y) * height) / 2 }
    : { x: x + (Math.sign(towards.x - x) * width) / 2, y: near(towards.y, y, height) };
}

/** Whether what stands first in the definition came to stand last: then the picture is turned over. */
function isTurned(
  edges: ApiGraph["edges"],
  numbers: ReadonlyMap<string, string>,
  boxes: readonly Point[],
  rankdir: "TB" | "LR",
): boolean {
  let balance = 0;
  for (let at = 1; at < edges.length; at++) {
    const [one, next] = [edges[at - 1], edges[at]];
    if (one === undefined || next === undefined || one.from !== next.from || one.to === next.to) continue;
    const [a, b] = [boxes[Number(numbers.get(one.to))], boxes[Number(numbers.get(next.to))]];
    if (a === undefined || b === undefined) continue;
    const way = rankdir === "TB" ? b.x - a.x : b.y - a.y;
    balance += Math.sign(way);
  }
  return balance < 0;
}
