import { type SquallError, Unavailable } from "@squall/model";
import pg from "pg";
import { clientOptions, type ConnectOptions, connectionName } from "./connection.ts";
import { postgresFailure } from "./failures.ts";

/**
 * Who may write to a database: one process that has it to itself, or all members of a cluster.
 *
 * O1  Who has it to itself holds a lock for as long as its connection lives. While that is held nobody else starts.
 * O2  Members hold no lock: their rows say that they are there, by the database's own clock. While one has beaten a moment ago
 *     nobody takes the database for itself.
 * O3  Connections break and beats stay out, so none of this is more than a warning to whoever starts by mistake. What counts is the
 *     epoch: it is another one whenever the database changes hands, every write names that of its process, and with another
 *     one it is refused. So of two who start at the same moment one is refused, at once or with its first write.
 */
export interface Owner extends AsyncDisposable {
  readonly epoch: number;
}

/** Any number that nothing else in the database takes. */
export const OWNER_LOCK = 7_305_142_027;
const AGAIN_MS = 1_000;
/** Members beat each second and a half and are evicted after six seconds; one that just cannot is given a little more. */
const PRESENT_SECONDS = 10;

type Connecting = Omit<ConnectOptions, "name">;

/** For this process alone. Throws Unavailable `store.in-use` when another process, or a cluster, has it. */
export async function takeOwnership(options: Connecting, where: string): Promise<Owner> {
  let isOver = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let epoch: number | undefined;

  const lock = async (): Promise<boolean> => {
    const fresh = new pg.Client(clientOptions({ ...options, name: connectionName("owner") }));
    fresh.on("error", () => void fresh.end().catch(() => undefined)); // gone; its end says so below
    await fresh.connect();
    const { rows } = await fresh.query<{ got: boolean }>("select pg_try_advisory_lock($1) as got", [OWNER_LOCK]);
    if (!rows[0]?.got) {
      await fresh.end();
      return false;
    }
    client = fresh;
    fresh.once("end", () => again());
    return true;
  };
  /** The lock went with its connection: it is taken again as soon as the server is there, unless the database changed hands. */
  const again = (): void => {
    client = undefined;
    if (isOver) return;
    timer = setTimeout(() => {
      retake().catch(again);
    }, AGAIN_MS);
    timer.unref();
  };
  const retake = async (): Promise<void> => {
    if (!(await lock())) return;
    const { rows } = (await client?.query<{ epoch: number }>("select epoch from owner")) ?? { rows: [] };
    if (Number(rows[0]?.epoch) === epoch) return;
    isOver = true; // O3: it would keep those away whose it is now
    await client?.end();
  };

  try {
    if (!(await lock()) || !client) throw inUse(where, "another Squall; stop that one, or name another database");
    const { rows } = await client.query<{ epoch: number }>(
      `update owner set epoch = epoch + 1, shared = false
      where not shared or not exists (select from member where ${PRESENT})
      returning epoch`,
    );
    if (rows.length === 0) throw await usedByMembers(client, where); // O2
    epoch = Number(rows[0]?.epoch);
    await client.query("delete from member");
    return {
      epoch,
      async [Symbol.asyncDispose]() {
        isOver = true;
        clearTimeout(timer);
        await client?.end().catch(() => undefined); // it may be gone already
      },
    };
  } catch (error) {
    isOver = true;
    await client?.end().catch(() => undefined); // it may be gone already
    throw postgresFailure(error, where);
  }
}

/** As one of many. Throws Unavailable `store.in-use` when a process has it to itself. */
export async function shareOwnership(options: Connecting, where: string): Promise<Owner> {
  const client = new pg.Client(clientOptions({ ...options, name: connectionName("share") }));
  client.on("error", () => undefined); // the query under way says it
  try {
    await client.connect();
    // Each statement is a transaction of its own: a process that freezes here holds nobody up.
    await client.query(`update owner set epoch = epoch + 1, shared = true where not shared and not ${IS_HELD}`);
    // The epoch is older than the look at the lock: who takes the database after it makes it another one.
    const { rows } = await client.query<{ epoch: number; free: boolean }>(
      `select epoch, shared and not ${IS_HELD} as free from owner`,
    );
    if (!rows[0]?.free) {
      throw inUse(
        where,
        "a Squall that has it to itself; stop that one, and start it again as a member of the cluster (--bus)",
      );
    }
    return { epoch: rows[0].epoch, [Symbol.asyncDispose]: () => Promise.resolve() };
  } catch (error) {
    throw postgresFailure(error, where);
  } finally {
    await client.end().catch(() => undefined); // it may never have been there
  }
}

const IS_HELD = `exists (
  select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32) | objid::bigint = ${OWNER_LOCK})`;
const PRESENT = `seen > (extract(epoch from clock_timestamp()) - ${PRESENT_SECONDS}) * 1000000`;

async function usedByMembers(client: pg.Client, where: string): Promise<SquallError> {
  const { rows } = await client.query<{ id: string }>(`select id from member where ${PRESENT} order by id`);
  const [some, more] = [rows.slice(0, 3).map(({ id }) => id), rows.length - 3];
  const members = some.join(", ") + (more > 0 ? ` and ${more} more` : "");
  return inUse(
    where,
    `members of a cluster${members && ` (${members})`}; start this process as one of them (--bus), or stop them and wait ${PRESENT_SECONDS} s, or name another database`,
  );
}

function inUse(where: string, by: string): Unavailable {
  return new Unavailable("store.in-use", { message: `${where} is in use by ${by}` });
}
