import type { Socket } from "node:net";

const NEWLINE = 10;

/** Calls back with each line of JSON that comes on a connection; nothing but our own processes speaks there. */
export function readLines(socket: Socket, first: Buffer, onMessage: (message: unknown) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = rest.toString("utf8", 0, end);
      rest = rest.subarray(end + 1);
      onMessage(JSON.parse(line));
    }
  };
  if (first.length > 0) take(first);
  socket.on("data", take);
}

export function sendLine(socket: Socket, message: unknown): void {
  // One that is gone says so by closing.
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
