import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

/** What the database shows of the members, looked at over and over on a connection that no fault touches on purpose. */
export interface Watch extends AsyncDisposable {
  /** Every member that was ever seen, by its id. */
  readonly members: ReadonlyMap<string, { readonly pid: number; readonly host: string }>;
  /** Resolves with true when what the database shows is as wished, with false when it takes longer. */
  until(wish: (seen: Seen) => boolean, withinMs: number): Promise<boolean>;
}

export interface Seen {
  /** Process ids of present members. */
  readonly present: ReadonlySet<number>;
  /** Names of what one member has at a time and another takes over, by the process id of the one that has it. */
  readonly singletons: ReadonlyMap<string, number>;
}

const EVERY_MS = 100;

interface MemberRow {
  readonly id: string;
  readonly body: { readonly pid: number; readonly host: string };
}

export function startWatch(url: string): Watch {
  const stopping = new AbortController();
  const members = new Map<string, { pid: number; host: string }>();
  const wishes = new Set<(seen: Seen | undefined) => void>();
  const look = async (client: pg.Client): Promise<Seen> => {
    const rows = (await client.query<MemberRow>("select id, body::json as body from member")).rows;
    const held = await client.query<{ name: string; member: string }>(
      "select name, member from singleton where name like 'sensor/%'",
    );
    for (const { id, body } of rows) members.set(id, body);
    return {
      present: new Set(rows.map(({ body }) => body.pid)),
      singletons: new Map(held.rows.map(({ name, member }) => [name, members.get(member)?.pid ?? 0])),
    };
  };
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
      client.on("error", () => undefined); // the next look says so
      try {
        await client.connect();
        while (!stopping.signal.aborted) {
          const seen = await look(client);
          for (const wish of wishes) wish(seen);
          await delay(EVERY_MS);
        }
      } catch {
        // PostgreSQL is being restarted: there is nothing to see.
        for (const wish of wishes) wish(undefined);
        await delay(EVERY_MS);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  })();
  return {
    members,
    until: (wish, withinMs) =>
      new Promise((resolve) => {
        const deadline = performance.now() + withinMs;
        const look = (seen: Seen | undefined) => {
          const isSo = seen !== undefined && wish(seen);
          if (!isSo && performance.now() < deadline && !stopping.signal.aborted) return;
          wishes.delete(look);
          resolve(isSo);
        };
        wishes.add(look);
      }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watching;
    },
  };
}
