import { type Execution, type Labels, labelsText, labelTrouble, MOST_LABELS } from "@squall/model";

/**
 * What an execution's `where` is in its column, by which it stands in a queue. Throws for what is no labels: a text that
 * the database cannot read would stand in the way of every claim.
 */
export function wantsOf({ id, where }: Pick<Execution, "id" | "where">): string {
  const trouble = where && labelTrouble(where);
  if (trouble) throw new Error(`execution ${id} cannot ask for these labels: ${trouble.message}`);
  return labelsText(where);
}

/**
 * All that may stand in that column for a worker with these labels, sorted: so that what asks for others is jumped over,
 * in whatever number and variety it waits. Throws for more labels than a worker may have: their subsets are many.
 */
export function satisfiable(labels: Labels): string[] {
  const pairs = Object.entries(labels);
  if (pairs.length > MOST_LABELS)
    throw new Error(`a worker has ${pairs.length} labels, and at most ${MOST_LABELS} may be`);
  const subsets = pairs.reduce<Labels[]>(
    (found, [name, value]) => [...found, ...found.map((one) => ({ ...one, [name]: value }))],
    [{}],
  );
  return subsets.map(labelsText).sort();
}

/** The labels again; undefined where any worker will do. */
export function whereOf(wants: unknown): Labels | undefined {
  // Cast: the column holds nothing but what wantsOf made.
  return typeof wants === "string" && wants !== "" ? (JSON.parse(wants) as Labels) : undefined;
}
