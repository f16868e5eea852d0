import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type SquallError, Unavailable } from "@squall/model";
import type { Listener } from "./app.ts";

/** Longer than proxies keep idle connections, so that it is never us who closes one they are about to use. */
const KEEP_ALIVE_MS = 65_000;

export interface HttpServer {
  /** With the real port. */
  readonly url: string;
  /** Takes no new connections, lets requests under way finish, at most `timeoutMs`, then cuts what is left. */
  close(timeoutMs: number): Promise<void>;
}

/** Listens. Throws Unavailable, with what to do about it, when the port cannot be had. */
export async function serve(listener: Listener, host: string, port: number): Promise<HttpServer> {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 120_000, headersTimeout: 30_000 },
    listener,
  );
  server.on("clientError", answerGarbage);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: real } = server.address() as AddressInfo;
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return { url: `http://${shown}:${real}`, close: (timeoutMs) => close(server, timeoutMs) };
}

async function close(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection whose last request is answered from now on stays open for a next one until it is told otherwise.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

/** What is not HTTP at all gets an answer in the same shape as everything else. */
function answerGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? (["431 Request Header Fields Too Large", "The request's headers are larger than 16 KiB."] as const)
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? (["408 Request Timeout", "The request did not arrive in time."] as const)
        : (["400 Bad Request", "This is not HTTP."] as const);
  const body = `${JSON.stringify({ faultstring: reason, code: "http.malformed" })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): SquallError {
  const place = `${host}:${port}`;
  const why: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is in use by another program. Stop it, or choose another port with --port (0 takes a free one).`,
    EACCES: `Listening on ${place} is not permitted: ports below 1024 need rights. Choose another with --port.`,
    EADDRNOTAVAIL: `This machine has no address ${host}. Choose another with --host, for example 127.0.0.1.`,
    ENOTFOUND: `The host name ${host} is not known here. Choose another with --host, for example 127.0.0.1.`,
  };
  return new Unavailable("server.listen", {
    message: why[error.code ?? ""] ?? `Cannot listen on ${place}: ${error.message}`,
    cause: error,
  });
}
