import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** A request that the stand-in got, for tests that look at what was sent. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export type Reply = (response: ServerResponse, seen: Seen) => void;

export interface StandIn {
  readonly url: string;
  readonly seen: Seen[];
  /** By `METHOD /path` without `/v1`; the latest wins. */
  on(route: string, reply: Reply | object): void;
  /** The requests of one route so far. */
  got(route: string): Seen[];
}

/**
 * A real HTTP server that speaks the shapes of the API for the parts that a test gives it, and can misbehave where the
 * true server would not. Stopped with the test.
 */
export async function startStandIn(t: TestContext): Promise<StandIn> {
  const routes = new Map<string, Reply | object>();
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (text += chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://stand-in");
      const path = url.pathname.replace(/^(\/auth|\/stream)?\/v1(?=\/)/, "$1");
      const one: Seen = {
        method: request.method ?? "",
        path,
        query: url.searchParams,
        headers: request.headers,
        text,
        body: objectIn(text),
      };
      seen.push(one);
      const reply = routes.get(`${one.method} ${path}`);
      if (reply === undefined) sendJson(response, 404, { faultstring: `nothing at ${one.method} ${path}` });
      else if (typeof reply === "function") (reply as Reply)(response, one);
      else sendJson(response, 200, reply);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    on: (route, reply) => void routes.set(route, reply),
    got: (route) => seen.filter(({ method, path }) => `${method} ${path}` === route),
  };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export function startEvents(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("\n");
}

export function sendOutput(response: ServerResponse, type: "stdout" | "stderr", data: string): void {
  const chunk = { id: "c", execution_id: "e", output_type: type, timestamp: "2026-11-22T09:00:00.000000Z", data };
  response.write(`event: st2.execution.output__create\ndata: ${JSON.stringify(chunk)}\n\n`);
}

export function endOutput(response: ServerResponse): void {
  response.end("event: EOF\ndata: ''\n\n");
}

/** `core.local` with what the CLI needs to know of it. */
export const LOCAL = {
  id: "5f00000000000000000000a1",
  ref: "core.local",
  pack: "core",
  name: "local",
  runner_type: "local-shell-cmd",
  enabled: true,
  entry_point: "",
  parameters: {
    cmd: { type: "string", required: true },
    timeout: { type: "integer", default: 60 },
    env: { type: "object" },
    sudo: { type: "boolean" },
    sudo_password: { type: "string", secret: true },
  },
};

export const EXECUTION_ID = "5f00000000000000000000e1";

/** An execution of `core.local` as the API shows it. */
export function anExecution(more: object = {}): Record<string, unknown> {
  return {
    id: EXECUTION_ID,
    status: "running",
    action: LOCAL,
    parameters: { cmd: "true" },
    context: { user: "admin" },
    start_timestamp: "2026-11-22T09:33:53.123456Z",
    log: [{ status: "requested", timestamp: "2026-11-22T09:33:53.123456Z" }],
    ...more,
  };
}

/** Lets `run core.local` go through: it prints `output` and ends as `end` says. */
export function offerRun(standIn: StandIn, output: readonly ["stdout" | "stderr", string][], end: object): void {
  standIn.on("GET /actions/views/overview/core.local", LOCAL);
  standIn.on("POST /executions", (response) => sendJson(response, 201, anExecution()));
  standIn.on(`GET /stream/executions/${EXECUTION_ID}/output`, (response) => {
    startEvents(response);
    for (const [type, data] of output) sendOutput(response, type, data);
    endOutput(response);
  });
  standIn.on(
    `GET /executions/${EXECUTION_ID}`,
    anExecution({ end_timestamp: "2026-11-22T09:33:54.123456Z", elapsed_seconds: 1, ...end }),
  );
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(text) as object) };
  } catch {
    return {};
  }
}
