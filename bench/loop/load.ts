import { connect, type Socket } from "node:net";

export interface LoadResult {
  /** Milliseconds of each request, in the order in which they ended. */
  readonly latencies: Float64Array;
  readonly ms: number;
  /** Answers with another status than wanted, by status. */
  readonly wrong: ReadonlyMap<number, number>;
}

/**
 * Sends the same request again and again, or the nth one, over some connections, each waiting for its answer before the
 * next. Bytes over a socket, because a client that costs as much as the server would be what is measured on two cores.
 */
export async function load(
  options: { readonly port: number; readonly connections: number; readonly requests: number; readonly wanted: number },
  request: Buffer | ((n: number) => Buffer),
): Promise<LoadResult> {
  const latencies = new Float64Array(options.requests);
  const wrong = new Map<number, number>();
  let sent = 0;
  let ended = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(options.connections, options.requests) }, async () => {
      const socket = await open(options.port);
      try {
        await new Promise<void>((resolve, reject) => {
          let at = 0;
          const next = () => {
            if (sent >= options.requests) return resolve();
            const bytes = typeof request === "function" ? request(sent) : request;
            sent++;
            at = performance.now();
            socket.write(bytes);
          };
          const reader = createAnswerReader((status) => {
            latencies[ended++] = performance.now() - at;
            if (status !== options.wanted) wrong.set(status, (wrong.get(status) ?? 0) + 1);
            next();
          });
          socket.on("data", reader);
          socket.on("error", reject);
          socket.on("close", () => reject(new Error("the server closed the connection")));
          next();
        });
      } finally {
        socket.removeAllListeners();
        socket.destroy();
      }
    }),
  );
  return { latencies: latencies.subarray(0, ended), ms: performance.now() - began, wrong };
}

/** The bytes of a request. */
export function requestBytes(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Buffer {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : ["content-type: application/json"]),
    `content-length: ${Buffer.byteLength(payload)}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${payload}`);
}

export function percentile(values: Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.off("error", reject);
      resolve(socket.setNoDelay(true));
    });
    socket.once("error", reject);
  });
}

/** Calls back with the status of each whole answer; knows content-length and chunked bodies. */
function createAnswerReader(done: (status: number) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      if (head < 0) return;
      const text = rest.toString("latin1", 0, head);
      const length = /\r\ncontent-length: (\d+)/i.exec(text);
      let end = head + 4 + Number(length?.[1] ?? 0);
      if (!length && /\r\ntransfer-encoding: chunked/i.test(text)) {
        const last = rest.indexOf("0\r\n\r\n", head + 4);
        if (last < 0) return;
        end = last + 5;
      }
      if (rest.length < end) return;
      rest = rest.subarray(end);
      done(Number(text.slice(9, 12)));
    }
  };
}
