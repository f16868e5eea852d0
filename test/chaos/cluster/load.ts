import { setTimeout as delay } from "node:timers/promises";
import type { Sent } from "../ledger.ts";
import type { Random } from "../random.ts";
import { type Client, isLater } from "./client.ts";
import { ASK, HOOK, type Wish, WORKFLOWS } from "./content.ts";
import type { Ledger } from "./ledger.ts";

export interface Load {
  /** Resolves when every client has been told of its last request, or given it up. Questions go on being answered. */
  stop(): Promise<void>;
  /** Answers no more questions. */
  end(): Promise<void>;
}

/** A client that was not served looks again after this. */
const AGAIN_MS = 100;

/**
 * Begins to ask things of the cluster, as a dozen clients would: each retries what was not acknowledged, under a new
 * mark. `newClient` gives each of them a connection of its own.
 */
export function startLoad(newClient: (number: number) => Client, ledger: Ledger, random: Random): Load {
  const stopping = new AbortController();
  const ending = new AbortController();
  const clients: Client[] = [];
  const clientOf = () => {
    const client = newClient(clients.length);
    clients.push(client);
    return client;
  };
  let count = 0;
  const newMark = (kind: string) => `${kind}${++count}x`;

  /** One attempt, at whoever listens; answers what was said when it was acknowledged. */
  const send = async (client: Client, method: string, path: string, body: unknown, sent: Sent, good: number) => {
    let reply = await client.ask(method, path, body);
    for (; reply === "away" && !stopping.signal.aborted; reply = await client.ask(method, path, body)) {
      await delay(AGAIN_MS);
    }
    const name = typeof reply === "string" ? reply : String(reply.status);
    if (typeof reply !== "string" && reply.status === good) {
      sent.acknowledged = true;
      return reply.json;
    }
    if (typeof reply !== "string" && !isLater(reply.status)) {
      ledger.strange.push(`${method} ${path}: ${name} ${JSON.stringify(reply.json).slice(0, 300)}`);
    }
    ledger.refusals.set(name, (ledger.refusals.get(name) ?? 0) + 1);
    return undefined;
  };
  /** Attempts until one is acknowledged, or it is time to stop. */
  const persist = async <T>(attempt: () => Promise<T | undefined>): Promise<T | undefined> => {
    for (;;) {
      const done = await attempt();
      if (done !== undefined || stopping.signal.aborted) return done;
      await delay(AGAIN_MS);
    }
  };

  const webhook = (client: Client) => {
    const first = random.pick<Wish>(["noop", "noop", "noop", "noop", "shell", "python", "again", "flow"]);
    const wishes: Wish[] = first !== "noop" && random.chance(0.5) ? [first, "noop"] : [first];
    return persist(() => {
      const mark = newMark("w");
      const sent = { acknowledged: false, wishes };
      ledger.webhooks.set(mark, sent);
      const body = { mark, ...Object.fromEntries(wishes.map((wish) => [wish, true])) };
      return send(client, "POST", `/v1/webhooks/${HOOK}`, body, sent, 202);
    });
  };

  const execution = async (client: Client, action: string, delayMs: number, cancelAfterMs: number | undefined) => {
    const made = await persist(() => {
      const mark = newMark("e");
      const sent = { acknowledged: false, action, delayMs };
      ledger.executions.set(mark, sent);
      const parameters = parametersOf(action, mark, random);
      const asked = { action, parameters, ...(delayMs > 0 && { delay: delayMs }) };
      return send(client, "POST", "/v1/executions", asked, sent, 201);
    });
    const id = (made as { id?: string } | undefined)?.id;
    if (id === undefined || cancelAfterMs === undefined) return;
    await delay(cancelAfterMs);
    const reply = await client.ask("DELETE", `/v1/executions/${id}`);
    if (typeof reply === "string") return;
    // 200 is also said of one that has ended already, with what it ended as.
    const { status = "" } = (reply.json ?? {}) as { status?: string };
    if (reply.status === 200 && status.startsWith("cancel")) ledger.canceled.add(id);
  };
  const direct = (client: Client) => {
    const action = random.pick([
      "core.announcement",
      "core.announcement",
      "chaos.mark",
      "chaos.mark",
      "chaos.python",
      ASK,
    ]);
    const delayMs = action !== ASK && random.chance(0.3) ? random.whole(1, 1500) : 0;
    const cancelMs = action !== ASK && random.chance(0.2) ? random.whole(0, 1000) : undefined;
    return execution(client, action, delayMs, cancelMs);
  };
  const workflow = (client: Client) => {
    const name = random.pick(Object.keys(WORKFLOWS));
    const cancelMs = name !== "question" && random.chance(0.15) ? random.whole(0, 2000) : undefined;
    return execution(client, `chaos.${name}`, 0, cancelMs);
  };

  /** One writer for each key, so that the order of its values is known. */
  const key = async (client: Client, name: string) => {
    const values = ledger.keys.get(name) ?? [];
    ledger.keys.set(name, values);
    await persist(() => {
      const sent = { acknowledged: false, value: newMark("v") };
      values.push(sent);
      return send(client, "PUT", `/v1/keys/${name}`, { name, value: sent.value }, sent, 200);
    });
  };

  const content = (client: Client) =>
    persist(() => {
      const name = newMark("r");
      const sent = { acknowledged: false };
      ledger.rules.set(name, sent);
      const trigger = { type: "core.st2.webhook", parameters: { url: `chaos/${name}` } };
      const rule = { name, pack: "chaos", enabled: true, trigger, criteria: {}, action: { ref: "core.noop" } };
      return send(client, "POST", "/v1/rules", rule, sent, 201);
    });

  /** Whoever asks is answered, by this one answerer. */
  const answer = async (client: Client) => {
    const reply = await client.ask("GET", "/v1/inquiries?limit=100");
    if (typeof reply === "string" || reply.status !== 200) return;
    for (const { id } of reply.json as { id: string }[]) {
      const said = await client.ask("PUT", `/v1/inquiries/${id}`, { id, response: { continue: true } });
      if (typeof said === "string" || isLater(said.status)) continue;
      if (said.status === 200) ledger.answers.set(id, "acknowledged");
      // 400: answered already, by an attempt that was cut off, or taken back.
      else if (said.status !== 400 && said.status !== 404) ledger.strange.push(`answer to ${id}: ${said.status}`);
    }
  };

  const repeat = async (until: AbortSignal, work: (client: Client) => Promise<unknown>, pauseMs: number) => {
    const client = clientOf();
    while (!until.aborted) {
      await work(client);
      await delay(pauseMs, undefined, { signal: until }).catch(() => undefined); // it is time to stop
    }
  };
  const asking = [
    ...Array.from({ length: 5 }, () => repeat(stopping.signal, webhook, 150)),
    ...Array.from({ length: 4 }, () => repeat(stopping.signal, direct, 400)),
    ...Array.from({ length: 2 }, () => repeat(stopping.signal, workflow, 700)),
    ...["one", "two"].map((name) => repeat(stopping.signal, (client) => key(client, `chaos.${name}`), 200)),
    repeat(stopping.signal, content, 2_000),
  ];
  const answering = repeat(ending.signal, answer, 300);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(asking);
    },
    async end() {
      ending.abort();
      await answering;
      for (const client of clients) client[Symbol.dispose]();
    },
  };
}

function parametersOf(action: string, mark: string, random: Random): Record<string, unknown> {
  if (action === "core.announcement") return { message: { mark } };
  // A question has no parameter of its own to carry a mark; its route is free.
  if (action === ASK) return { route: mark };
  // Some are under way whenever something happens to their worker.
  if (action === "chaos.mark") return { mark, seconds: random.pick([0, 0.5, 2, 4]) };
  return { mark };
}
