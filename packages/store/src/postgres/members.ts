import type { JsonObject, Member } from "@squall/model";
import type { Told } from "../changes.ts";
import type { Beaten, PresentMember } from "../port.ts";
import type { Reader } from "./connection.ts";

/** Tells the rows that this process knows from those that were made anew: an answer may be lost with its connection. */
export interface Beats {
  beat(member: Member): Promise<Beaten>;
}

/** `db` is a connection for beats alone, so that nothing else holds one up. `epoch` as in owner.ts; `functions`: their schema. */
export function createBeats(db: Reader, functions: string, epoch: number): Beats {
  const joined = new Map<string, unknown>();
  return {
    async beat(member) {
      const row = await db.get(
        `select joined, canceling from ${functions}.squall_beat(?, ?, ?)`,
        member.id,
        JSON.stringify(member),
        epoch,
      );
      const isNew = joined.get(member.id) !== row?.["joined"];
      joined.set(member.id, row?.["joined"]);
      // Cast: made by squall_beat.
      return { joined: isNew, canceling: row?.["canceling"] as Beaten["canceling"] };
    },
  };
}

export async function listMembers(db: Reader): Promise<PresentMember[]> {
  return (await db.all("select beats, seen, body from member order by id")).map((row) => ({
    ...(JSON.parse(String(row["body"])) as Member), // cast: written by beat
    beats: Number(row["beats"]),
    seen: Number(row["seen"]),
  }));
}

export async function listSingletons(db: Reader): Promise<{ name: string; member: string }[]> {
  return (await db.all("select name, member from singleton order by name")).map((row) => ({
    name: String(row["name"]),
    member: String(row["member"]),
  }));
}

export async function listTold(db: Reader, shards: readonly number[], limit: number): Promise<Told[]> {
  // The oldest of each shard along the index, then the oldest of those: however much others have been told.
  const rows = await db.all(
    `select t.* from (select distinct unnest(?::int[]) as number) asked
    cross join lateral (
      select project, id, execution, shard, event, context, seq from told where shard = asked.number order by seq limit ?
    ) t order by seq limit ?`,
    [...shards],
    limit,
    limit,
  );
  return rows.map((row) => ({
    project: String(row["project"]),
    id: String(row["id"]),
    execution: String(row["execution"]),
    shard: Number(row["shard"]),
    // Casts: written by encode.ts from the same types.
    event: JSON.parse(String(row["event"])) as JsonObject,
    ...(row["context"] !== null && { context: JSON.parse(String(row["context"])) as JsonObject }),
  }));
}

/** Whoever comes first decides; all get the same answer. */
export async function installation(
  db: Reader,
  { id, seal }: { readonly id: string; readonly seal: string },
): Promise<{ id: string; seal: string }> {
  const row = await db.get(
    "insert into installation (id, seal) values (?, ?) on conflict (one) do update set one = true returning id, seal",
    id,
    seal,
  );
  return { id: String(row?.["id"]), seal: String(row?.["seal"]) };
}
