import { Agent, request } from "node:http";

/** What came back: `away` when nobody listened or was ready, so that nothing was asked; `cut` when no status line came. */
export type Reply =
  | "away"
  | "cut"
  | { readonly status: number; readonly total: number /** Undefined when it was cut off. */; readonly json: unknown };

export type Ask = ((
  method: string,
  path: string,
  body?: unknown,
  /** Called at the status line, before the body: the moment in which the request counts as acknowledged. */
  answered?: (status: number) => void,
) => Promise<Reply>) &
  Disposable;

/** A client that takes it as it comes when the server dies. */
export function createAsk(port: number, headers: Readonly<Record<string, string>>): Ask {
  const agent = new Agent({ keepAlive: true });
  const ask = (method: string, path: string, body?: unknown, answered?: (status: number) => void): Promise<Reply> =>
    new Promise((resolve) => {
      const bytes = body === undefined ? undefined : JSON.stringify(body);
      const sending = request(
        { host: "127.0.0.1", port, method, path, agent, headers: { ...headers, "Content-Type": "application/json" } },
        (response) => {
          const status = response.statusCode ?? 0;
          answered?.(status);
          const total = Number(response.headers["x-total-count"]);
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.on("close", () => {
            const json: unknown = response.complete && text !== "" ? JSON.parse(text) : undefined;
            resolve(status === 503 && isNotReady(json) ? "away" : { status, total, json });
          });
          response.on("error", () => undefined); // "close" follows
        },
      );
      sending.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" ? "away" : "cut"));
      sending.end(bytes);
    });
  return Object.assign(ask, { [Symbol.dispose]: () => agent.destroy() });
}

/** It listens before it works, and takes nothing until then. */
function isNotReady(json: unknown): boolean {
  const { code } = (json ?? {}) as { readonly code?: unknown };
  return code === "server.starting" || code === "server.stopping";
}

/** What was answered, where the server is not about to die. */
export function answered(reply: Reply): Exclude<Reply, string> {
  if (typeof reply === "string") throw new Error(`the server did not answer (${reply})`);
  return reply;
}
