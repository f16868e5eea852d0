export type Path = readonly (string | number)[];

export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** Where each value of a YAML text stands. */
export interface Positions {
  /**
   * The place of the value at this path: of its key where it is a member of a mapping, of itself elsewhere. A path that
   * does not exist gives the place of its nearest ancestor that does. Members that came in by a merge (`<<`) are where
   * they were written.
   */
  at(path: Path): Place;
}

/** A value with its place: what `positions` walks. */
export interface PlacedNode {
  readonly offset: number;
  readonly members?: ReadonlyMap<string, { readonly offset: number; readonly node: PlacedNode }>;
  readonly items?: readonly PlacedNode[];
}

/** `place` tells where an offset of the nodes is. */
export function positionsOf(place: (offset: number) => Place, root: PlacedNode | undefined): Positions {
  return {
    at(path) {
      let node = root;
      let offset = root?.offset ?? 0;
      for (const segment of path) {
        const member = node?.members?.get(String(segment));
        const next = member?.node ?? (typeof segment === "number" ? node?.items?.[segment] : undefined);
        if (!next) break;
        offset = member?.offset ?? next.offset;
        node = next;
      }
      return place(offset);
    },
  };
}

/** Offset to line and column; the table of lines is made when it is first asked for, since most texts have no errors. */
export function placer(text: string): (offset: number) => Place {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}
