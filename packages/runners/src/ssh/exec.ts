import type { ClientChannel } from "ssh2";
import { messageOf } from "@squall/model";
import type { Connection } from "./connection.ts";
import { SshFailure, sayWhere } from "./failure.ts";
import { brokeOff } from "./pool.ts";
import type { RemoteCommand } from "./remote-command.ts";

/** How a remote command ended: with a code, minus the number of a signal, or undefined when the host did not say. */
export interface ExecEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface ExecListener {
  readonly onStdout: (chunk: Buffer) => void;
  readonly onStderr: (chunk: Buffer) => void;
  /** The number of the process that leads the run, as soon as it runs. */
  readonly onStarted?: (leader: number) => void;
  /** Output is awaited this long after the end while something still holds it open, in milliseconds. */
  readonly drainMs: number;
  /** More for stdin, after what belongs to the command itself. */
  readonly body?: Buffer;
}

/** Before the mark come greetings of login scripts; more than this is no greeting, and the mark will not come. */
const MARK_WITHIN_BYTES = 64 * 1024;

/** Runs one command on a connection until its end. Throws SshFailure when it does not start or the connection breaks. */
export async function exec(
  connection: Connection,
  command: RemoteCommand,
  { onStdout, onStderr, onStarted, drainMs, body }: ExecListener,
): Promise<ExecEnd> {
  const channel = await openChannel(connection, command.exec);
  const stdout = markFilter(command.mark, onStdout, onStarted ?? (() => {}));
  const { promise, resolve, reject } = Promise.withResolvers<ExecEnd>();
  let end: ExecEnd | undefined;
  let drain: NodeJS.Timeout | undefined;
  channel.on("data", (chunk: Buffer) => stdout.push(chunk));
  channel.stderr.on("data", onStderr);
  channel.on("exit", (code: number | null, signal?: string) => {
    end = { code: code ?? undefined, signal };
    drain = setTimeout(() => channel.close(), drainMs);
  });
  channel.on("error", () => {}); // What it has to say comes with the connection's end.
  channel.on("close", () => {
    if (end !== undefined) resolve(end);
    else if (connection.isOpen) resolve({ code: undefined, signal: undefined });
    // The connection says why it ended right after its channels.
  });
  const forget = connection.onClosed((reason) =>
    end === undefined ? reject(brokeOff(connection, reason)) : resolve(end),
  );
  channel.write(command.stdin);
  channel.end(body);
  try {
    return await promise;
  } finally {
    forget();
    clearTimeout(drain);
    stdout.end();
  }
}

async function openChannel(connection: Connection, command: string): Promise<ClientChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  const fail = (thrown: unknown) => {
    const message = `${sayWhere(connection.target)} does not run commands: ${messageOf(thrown)}`;
    reject(new SshFailure("runner.ssh.no-shell", { message, cause: thrown }));
  };
  const forget = connection.onClosed((reason) => reject(brokeOff(connection, reason)));
  try {
    connection.client.exec(command, (error, channel) => (error === undefined ? resolve(channel) : fail(error)));
  } catch (thrown) {
    fail(thrown);
  }
  return promise.finally(forget);
}

/** Takes the line with the mark out of a stream and passes on everything else as it is. */
function markFilter(mark: string, onData: (chunk: Buffer) => void, onStarted: (leader: number) => void) {
  let held: Buffer | undefined = Buffer.alloc(0);
  const pass = (chunk: Buffer) => {
    if (chunk.length > 0) onData(chunk);
  };
  return {
    push(chunk: Buffer): void {
      if (held === undefined) return pass(chunk);
      held = Buffer.concat([held, chunk]);
      const at = held.indexOf(mark);
      const newline = at < 0 ? -1 : held.indexOf(10, at);
      if (newline < 0) {
        if (held.length < MARK_WITHIN_BYTES) return;
        pass(held);
      } else {
        pass(held.subarray(0, at));
        onStarted(Number(held.toString("latin1", at + mark.length, newline)));
        pass(held.subarray(newline + 1));
      }
      held = undefined;
    },
    end(): void {
      if (held !== undefined) pass(held);
      held = undefined;
    },
  };
}
