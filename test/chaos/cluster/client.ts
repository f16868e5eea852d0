import { Agent, request } from "node:http";
import type { Address } from "./network.ts";

/** What came back: `away` when nobody listened, so that nothing was asked; `cut` when no whole answer came in time. */
export type Reply = "away" | "cut" | { readonly status: number; readonly json: unknown };

export interface Client extends Disposable {
  ask(method: string, path: string, body?: unknown): Promise<Reply>;
}

/** As long as a person or a program in its right mind waits. */
const PATIENCE_MS = 10_000;

/** A client of several servers that do the same: it stays with one until that one fails it, then goes to the next. */
export function createClient(
  servers: readonly Address[],
  headers: Readonly<Record<string, string>>,
  first: number,
): Client {
  const agent = new Agent({ keepAlive: true });
  let current = first;
  const attempt = (method: string, path: string, body?: unknown): Promise<Reply> =>
    new Promise((resolve) => {
      const server = servers[current % servers.length];
      if (server === undefined) throw new Error("a client needs a server");
      const whole = { "Content-Type": "application/json", ...headers };
      const sending = request({ ...server, method, path, agent, headers: whole }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("error", () => undefined); // "close" follows
        response.on("close", () => {
          clearTimeout(late);
          if (!response.complete) resolve("cut");
          else resolve({ status: response.statusCode ?? 0, json: parsed(text) });
        });
      });
      const late = setTimeout(() => sending.destroy(), PATIENCE_MS);
      sending.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(late);
        resolve(error.code === "ECONNREFUSED" ? "away" : "cut");
      });
      sending.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    async ask(method, path, body) {
      const reply = await attempt(method, path, body);
      if (typeof reply === "string" || isLater(reply.status)) current++;
      return reply;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** Statuses by which a server says that it cannot now, and that another one or a later time may. */
export function isLater(status: number): boolean {
  return status === 503 || status === 429;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
