import type { Client } from "@squall/client";
import { Failure } from "./failure.ts";

/** The id that a word names: `last` is the newest that somebody asked for, which tasks of workflows are not. */
export async function executionId(client: Client, word: string): Promise<string> {
  if (word !== "last") return word;
  const { items } = await client.executions.list({
    limit: 1,
    sort_desc: "True",
    parent: "null",
    include_attributes: "id",
  });
  const [newest] = items;
  if (newest === undefined) throw new Failure("there are no executions yet", "`squall run core.local date` makes one");
  return newest.id;
}
