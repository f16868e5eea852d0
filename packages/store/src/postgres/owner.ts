import { Unavailable } from "@squall/model";
import pg from "pg";
import { clientOptions, type ConnectOptions, connectionName } from "./connection.ts";
import { postgresFailure } from "./failures.ts";

/**
 * A process that has a database to itself. It holds a lock for as long as its connection lives, which keeps a second process
 * from starting by mistake. Locks go with connections, though, and those break; so it also counts an epoch up, and every
 * write names its own: what a process sends after another one took over is refused. Nobody else is a member then.
 */
export interface Owner extends AsyncDisposable {
  readonly epoch: number;
}

/** Any number that nothing else in the database takes. */
export const OWNER_LOCK = 7_305_142_027;
const AGAIN_MS = 1_000;

/** Throws Unavailable `store.in-use` when another process has it. */
export async function takeOwnership(options: Omit<ConnectOptions, "name">, where: string): Promise<Owner> {
  let isOver = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

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
  /** The lock went with its connection: it is taken again as soon as the server is there. The epoch decides meanwhile. */
  const again = (): void => {
    client = undefined;
    if (isOver) return;
    timer = setTimeout(() => {
      lock().catch(again);
    }, AGAIN_MS);
    timer.unref();
  };

  try {
    if (!(await lock()) || !client) {
      throw new Unavailable("store.in-use", {
        message: `${where} is in use by another Squall; stop that one, or name another database`,
      });
    }
    const { rows } = await client.query<{ epoch: number }>("update owner set epoch = epoch + 1 returning epoch");
    await client.query("delete from member");
    const epoch = Number(rows[0]?.epoch);
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
