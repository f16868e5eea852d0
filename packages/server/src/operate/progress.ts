/** Says how far something long has come: nothing for what is over at once. */
export interface Progress {
  /** Rows of a table that are done, of as many as there are. */
  rows(doing: string, table: string, rows: number, of: number): void;
  /** Since the start. */
  seconds(): number;
}

const PATIENCE_MS = 2_000;

/** A line every two seconds. */
export function startProgress(say: (line: string) => void, now: () => number = () => performance.now()): Progress {
  const began = now();
  let said = began;
  let [table, from, since] = ["", 0, began];
  return {
    rows(doing, what, rows, of) {
      const at = now();
      if (`${doing} ${what}` !== table) [table, from, since] = [`${doing} ${what}`, 0, said];
      if (at - said < PATIENCE_MS) return;
      const rate = ((rows - from) / Math.max(at - since, 1)) * 1000;
      const share = of > rows ? ` of ${count(of)}` : "";
      say(`${doing} ${what}: ${count(rows)}${share} rows, ${count(Math.round(rate))} a second`);
      [said, from, since] = [at, rows, at];
    },
    seconds: () => (now() - began) / 1000,
  };
}

export function count(n: number): string {
  return n.toLocaleString("en-US");
}
