import pg from "pg";
import { partsOf } from "../archive-parts.ts";
import { clientOptions, type ConnectOptions, connectionName, type Reader, type Row } from "./connection.ts";

/**
 * Brings the bytes of an archive into the database on a connection of its own, so that no list waits for them. They count
 * for nothing until a list keeps them (`archive.keep`); those that none keeps are forgotten like others that nobody needs.
 */
export async function stageArchive(
  db: Reader,
  options: Omit<ConnectOptions, "name">,
  digest: string,
  bytes: Uint8Array,
): Promise<void> {
  const known = await db.get("update archive set idle_since = null where digest = ? returning digest", digest);
  if (known) return;
  const client = new pg.Client(clientOptions({ ...options, name: connectionName("archive") }));
  client.on("error", () => undefined); // the query under way says it
  try {
    await client.connect();
    await client.query("begin");
    const parts = partsOf(bytes);
    // Of two processes that bring the same one, the second waits here for the first.
    const { rowCount } = await client.query(
      "insert into archive (digest, parts) values ($1, $2) on conflict do nothing",
      [digest, parts.length],
    );
    for (const [seq, part] of rowCount === 0 ? [] : parts.entries()) {
      const values = [digest, seq, Buffer.from(part.buffer, part.byteOffset, part.length)];
      await client.query({
        ...(!options.pooled && { name: "squall-part" }),
        text: "insert into archive_part values ($1, $2, $3)",
        values,
      });
    }
    await client.query("commit");
  } finally {
    await client.end().catch(() => undefined); // it may be gone already
  }
}

export async function readArchive(db: Reader, digest: string): Promise<Uint8Array | undefined> {
  const about = await db.get("select parts from archive where digest = ? and kept", digest);
  if (!about) return undefined;
  const parts: Buffer[] = [];
  for (let seq = 0; seq < Number(about["parts"]); seq++) {
    const row: Row | undefined = await db.get(
      "select bytes from archive_part where digest = ? and seq = ?",
      digest,
      seq,
    );
    if (!row) return undefined; // forgotten meanwhile
    parts.push(row["bytes"] as Buffer); // cast: the driver makes Buffers of bytea
  }
  return Buffer.concat(parts);
}

/** `functions`: their schema. With milliseconds, and the epoch of who has the database to itself or null. */
export const forgetArchivesIn = (functions: string): string =>
  `select ${functions}.squall_forget_archives(?::bigint, ?::bigint) as removed`;
