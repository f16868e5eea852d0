import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What comes in: a zygote, a fork that asks for its job, its stdout, its stderr, its answer on a second connection. */
export type Caller = "Z" | "J" | "O" | "E" | "A";

export interface Greeting {
  readonly caller: Caller;
  readonly socket: Socket;
  /** Sent by a fork that asks for its job. */
  readonly pid: number;
  /** What came after the greeting already. */
  readonly rest: Buffer;
}

/** Where the processes of one fork server connect to, each with a token that it was told or inherited. */
export interface Door extends Disposable {
  /** A file in a folder of our own, there until `hide`. */
  readonly path: string;
  /** Removes the file: who has not opened it by then cannot connect any more. */
  hide(): Promise<void>;
  expect(token: string, onGreeting: (greeting: Greeting) => void): void;
  forget(token: string): void;
}

const GREETING = /^([ZJOEA]) ([0-9a-f]+)(?: (\d+))?$/;
const LONGEST_GREETING = 128;
const NEWLINE = 10;
/** Connections that have not said yet who they are; above that a new one is closed. Far more than forks at once. */
const MOST_STRANGERS = 1_000;

/** Throws what the system says when the folder or the socket cannot be made. */
export async function openDoor(): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), "squall-fork-"));
  const path = join(folder, "door");
  const expected = new Map<string, (greeting: Greeting) => void>();
  let strangers = 0;

  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.unref();
    socket.on("error", () => {}); // an end like any other
    if (strangers >= MOST_STRANGERS) return void socket.destroy();
    strangers++;
    const onClose = () => strangers--;
    let heard: Buffer = Buffer.alloc(0);
    const onData = (bytes: Buffer) => {
      heard = heard.length === 0 ? bytes : Buffer.concat([heard, bytes]);
      const end = heard.indexOf(NEWLINE);
      if (end < 0 && heard.length <= LONGEST_GREETING) return;
      const [, caller, token = "", pid] = GREETING.exec(heard.toString("latin1", 0, end)) ?? [];
      const onGreeting = expected.get(token);
      if (!onGreeting) return void socket.destroy();
      strangers--;
      socket.off("data", onData).off("close", onClose).off("end", onEnd).ref();
      // `caller` is one of the letters that the expression allows.
      onGreeting({ caller: caller as Caller, socket, pid: Number(pid ?? 0), rest: heard.subarray(end + 1) });
    };
    const onEnd = () => void socket.destroy();
    socket.on("data", onData).once("close", onClose).once("end", onEnd);
  });

  const hide = () => rm(folder, { recursive: true, force: true });
  try {
    await listen(server, path);
  } catch (thrown) {
    await hide();
    throw thrown;
  }
  server.unref();
  return {
    path,
    hide,
    expect: (token, onGreeting) => void expected.set(token, onGreeting),
    forget: (token) => void expected.delete(token),
    [Symbol.dispose]: () => void server.close(),
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  // Many forks may connect within one turn of this process.
  server.listen({ path, backlog: 1024 }, () => {
    server.off("error", reject);
    // Out of descriptors, say: the fork is turned away and the run starts an interpreter, which says what is wrong.
    server.on("error", () => {});
    resolve();
  });
  await promise;
}
