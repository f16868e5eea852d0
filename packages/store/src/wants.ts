import { type Execution, type Labels, labelsText, labelTrouble } from "@squall/model";

/**
 * What an execution's `where` is in its column, by which it stands in a queue. Throws for what is no labels: a text that
 * the database cannot read would stand in the way of every claim.
 */
export function wantsOf({ id, where }: Pick<Execution, "id" | "where">): string {
  const trouble = where && labelTrouble(where);
  if (trouble) throw new Error(`execution ${id} cannot ask for these labels: ${trouble.message}`);
  return labelsText(where);
}

/** The labels again; undefined where any worker will do. */
export function whereOf(wants: unknown): Labels | undefined {
  // Cast: the column holds nothing but what wantsOf made.
  return typeof wants === "string" && wants !== "" ? (JSON.parse(wants) as Labels) : undefined;
}
