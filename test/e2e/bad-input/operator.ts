import { request } from "node:http";
import { isCompleted } from "@squall/model";
import { until } from "../person.ts";
import type { ServerProcess } from "../server-process.ts";

/** What the API shows of an execution, as far as it is looked at here. */
export interface Shown {
  readonly id: string;
  readonly status: string;
  readonly result: Readonly<Record<string, unknown>>;
}

export interface ShownSensor {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}

/** An administrator who asks the API, each time over a connection of its own, which leaves nothing open on either side. */
export interface Operator {
  /** The answer's JSON. The caller names its shape, which the test then holds it to. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** What an execution printed so far. */
  prints(id: string): Promise<string>;
  /** Starts an action and gives its execution's id. */
  starts(action: string, parameters?: object): Promise<string>;
  /** The execution when it has ended, which has to be soon. */
  ended(id: string): Promise<Shown>;
  runs(action: string, parameters?: object): Promise<Shown>;
}

export async function anOperator(server: ServerProcess): Promise<Operator> {
  const url = await server.answers();
  const [, password = ""] = await server.printed(/password {2}(\S+)/);
  const login = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
  const { token } = JSON.parse(await send(`${url}/v1/tokens`, "POST", {}, { Authorization: login })) as {
    token: string;
  };
  const operator: Operator = {
    ask: async <T>(method: string, path: string, body?: unknown) => {
      const text = await send(url + path, method, body, { "X-Auth-Token": token });
      return (text === "" ? undefined : JSON.parse(text)) as T;
    },
    prints: (id) => send(`${url}/v1/executions/${id}/output`, "GET", undefined, { "X-Auth-Token": token }),
    starts: async (action, parameters = {}) =>
      (await operator.ask<Shown>("POST", "/v1/executions", { action, parameters })).id,
    ended: (id) =>
      until(`the end of execution ${id}`, async () => {
        const shown = await operator.ask<Shown>("GET", `/v1/executions/${id}`);
        return isCompleted(shown.status) ? shown : undefined;
      }),
    runs: async (action, parameters) => operator.ended(await operator.starts(action, parameters)),
  };
  return operator;
}

function send(url: string, method: string, body: unknown, headers: Record<string, string>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request(
    url,
    { method, agent: false, headers: { "Content-Type": "application/json", ...headers } },
    (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("error", reject).on("end", () => {
        if ((answer.statusCode ?? 0) >= 400) reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`));
        else resolve(text);
      });
    },
  );
  outgoing.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
