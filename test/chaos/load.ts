import { setTimeout as delay } from "node:timers/promises";
import type { Ask, Reply } from "./api.ts";
import type { Ledger, Sent } from "./ledger.ts";
import type { Random } from "./random.ts";

/** Names that the load and the books share. */
export const HOOK = "chaos";
export const NOOP_RULE = "chaos.noop";
export const PROCESS_RULE = "chaos.process";
export const CHAIN_RULE = "chaos.chain";
/** Both fire every second; they differ in what becomes of the seconds in which nobody could fire them. */
export const TICK_RULES = { once: "chaos.tick_once", all: "chaos.tick_all" } as const;

/** The rules that the load goes through. `file` gets a line for each process that ran, so that a second run shows. */
export function chaosRules(file: string): Record<string, unknown>[] {
  const rule = (ref: string, type: string, parameters: object, criteria: object, action: object) => ({
    name: ref.split(".")[1],
    pack: "chaos",
    enabled: true,
    trigger: { type, parameters },
    criteria,
    action,
  });
  const hook = { url: HOOK };
  const isTrue = { type: "eq", pattern: true };
  const noop = { ref: "core.noop", parameters: {} };
  return [
    rule(NOOP_RULE, "core.st2.webhook", hook, { "trigger.body.noop": isTrue }, noop),
    rule(
      PROCESS_RULE,
      "core.st2.webhook",
      hook,
      { "trigger.body.process": isTrue },
      { ref: "core.local", parameters: { cmd: `echo {{ trigger.body.mark }} >> ${file}` } },
    ),
    rule(
      CHAIN_RULE,
      "core.st2.generic.actiontrigger",
      {},
      { "trigger.action_ref": { type: "eq", pattern: "core.local" } },
      { ref: "core.announcement", parameters: { route: "chain", message: { of: "{{ trigger.execution_id }}" } } },
    ),
    ...(["once", "all"] as const).map((misfire) =>
      rule(TICK_RULES[misfire], "core.st2.IntervalTimer", { unit: "seconds", delta: 1, misfire }, {}, noop),
    ),
  ];
}

export interface Load {
  /** Called at each acknowledgement, before anything else happens. */
  onAcknowledged: (() => void) | undefined;
  /** Resolves when every request under way was answered or cut off. */
  stop(): Promise<void>;
}

/** A client whose server is away looks again after this. */
const AWAY_MS = 15;

/** Begins to ask things of the server, over many connections, until it is stopped; a server that is away is waited for. */
export function startLoad(ask: Ask, ledger: Ledger, random: Random, file: string): Load {
  const stopping = new AbortController();
  let count = 0;
  const load: Load = {
    onAcknowledged: undefined,
    async stop() {
      stopping.abort();
      await Promise.all(clients);
    },
  };
  const newMark = (kind: string) => `${kind}${++count}x`;

  /** Sends, and notes in `sent` when it is acknowledged. Where nobody listens, waits until somebody does. */
  const send = async (method: string, path: string, body: unknown, sent: Sent, good: readonly number[]) => {
    let reply: Reply = "away";
    while (reply === "away" && !stopping.signal.aborted) {
      reply = await ask(method, path, body, (status) => {
        if (!good.includes(status)) return;
        sent.acknowledged = true;
        load.onAcknowledged?.();
      });
      if (typeof reply === "string") await delay(AWAY_MS);
    }
    if (typeof reply === "string") return undefined;
    if (!good.includes(reply.status)) {
      ledger.strange.push(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.json)}`);
    }
    return reply.json;
  };

  const webhook = async () => {
    const mark = newMark("w");
    const process = random.chance(0.05);
    const sent = { acknowledged: false, process, noop: !process || random.chance(0.5) };
    ledger.webhooks.set(mark, sent);
    await send("POST", `/v1/webhooks/${HOOK}`, { mark, noop: sent.noop, process }, sent, [202]);
  };

  const execution = async () => {
    const mark = newMark("e");
    const isProcess = random.chance(0.2);
    const delayMs = random.chance(0.3) ? random.whole(1, 1500) : 0;
    const action = isProcess ? "core.local" : "core.announcement";
    const seconds = random.pick(["0", "0.05", "0.3"]);
    const parameters = isProcess ? { cmd: `echo ${mark} >> ${file}; sleep ${seconds}` } : { message: { mark } };
    const sent = { acknowledged: false, action, delayMs };
    ledger.executions.set(mark, sent);
    const asked = { action, parameters, ...(delayMs > 0 && { delay: delayMs }) };
    const made = await send("POST", "/v1/executions", asked, sent, [201]);
    const id = (made as { id?: string } | undefined)?.id;
    if (id === undefined || !random.chance(0.25)) return;
    const reply = await ask("DELETE", `/v1/executions/${id}`);
    if (typeof reply === "string") return;
    // 200 is also said of one that has ended already, with what it ended as.
    const { status = "" } = (reply.json ?? {}) as { status?: string };
    if (reply.status === 200 && status.startsWith("cancel")) ledger.canceled.add(id);
  };

  /** One writer for each key, so that the order of its values is known. */
  const key = async (name: string) => {
    const values = ledger.keys.get(name) ?? [];
    ledger.keys.set(name, values);
    const sent = { acknowledged: false, value: newMark("v") };
    values.push(sent);
    await send("PUT", `/v1/keys/${name}`, { name, value: sent.value }, sent, [200]);
  };

  const content = async () => {
    const name = newMark("r");
    const sent = { acknowledged: false };
    ledger.rules.set(name, sent);
    const trigger = { type: "core.st2.webhook", parameters: { url: `chaos/${name}` } };
    const rule = { name, pack: "chaos", enabled: true, trigger, criteria: {}, action: { ref: "core.noop" } };
    await send("POST", "/v1/rules", rule, sent, [201]);
    await delay(random.whole(20, 100));
  };

  const repeat = async (work: () => Promise<void>, pauseMs = 0) => {
    while (!stopping.signal.aborted) {
      await work();
      if (pauseMs > 0) await delay(pauseMs);
    }
  };
  const clients = [
    ...Array.from({ length: 12 }, () => repeat(webhook)),
    ...Array.from({ length: 6 }, () => repeat(execution)),
    ...["one", "two"].map((name) => repeat(() => key(`chaos.${name}`))),
    repeat(() => key(newMark("chaos.k")), 10),
    repeat(content),
  ];
  return load;
}
