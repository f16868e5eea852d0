import type { OutputChunk, OutputType } from "@squall/model";
import type { Database } from "./database.ts";
import { equals } from "../terms.ts";
import { exists, type Refusal } from "./refusal.ts";

export function appendOutput(db: Database, project: string, chunks: readonly OutputChunk[]): Refusal | undefined {
  for (const chunk of chunks) {
    const inserted = db.run(
      `insert into output (project, execution, seq, type, timestamp, data) values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
      project,
      chunk.execution,
      chunk.seq,
      chunk.type,
      chunk.timestamp,
      chunk.data,
    );
    if (inserted === 0) return exists(`execution ${chunk.execution} has an output chunk ${chunk.seq} already`);
  }
  return undefined;
}

export function readOutput(
  db: Database,
  project: string,
  execution: string,
  type: OutputType | undefined,
  afterSeq: number | undefined,
): OutputChunk[] {
  const terms = equals({ type });
  return db
    .all(
      `select execution, seq, type, timestamp, data from output
      where project = ? and execution = ? and seq > ?${terms.map((term) => ` and ${term.sql}`).join("")} order by seq`,
      project,
      execution,
      afterSeq ?? 0,
      ...terms.flatMap((term) => term.values),
    )
    .map((row) => ({
      // Casts: written by appendOutput from the same types.
      execution: row["execution"] as string,
      seq: row["seq"] as number,
      type: row["type"] as OutputType,
      timestamp: row["timestamp"] as number,
      data: row["data"] as string,
    }));
}
