import { type Client, createClient } from "@squall/client";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { connectionOf } from "../connection.ts";
import { credentialsFile, readLogin } from "../credentials.ts";

/** How long a person pressing tab may wait for a server; SQUALL_COMPLETION_TIMEOUT says otherwise, in milliseconds. */
const PATIENCE_MS = 200;
/** Within this, what a server answered before is answered again: tab is pressed several times in a row. */
const FRESH_MS = 10_000;
const NEWEST = 30;

type Ask = (client: Client, about: string) => Promise<readonly unknown[]>;

/** By the name of an argument, as help shows it: what can stand there. */
const KINDS: Readonly<Record<string, Ask>> = {
  "action-ref": async (client) => pick(await client.actions.list({ include_attributes: "ref" }), "ref"),
  "rule-ref": async (client) => pick(await client.rules.list({ include_attributes: "ref" }), "ref"),
  "trigger-ref": async (client) =>
    pick(await client.triggerTypes.list({ include_attributes: "ref", limit: 100 }), "ref"),
  "sensor-ref": async (client) => pick(await client.sensors.list({ include_attributes: "ref" }), "ref"),
  "sensor-id": async (client) => pick(await client.sensorProcesses.list(), "id"),
  "policy-ref": async (client) => pick(await client.policies.list({ include_attributes: "ref" }), "ref"),
  "alias-ref": async (client) => pick(await client.aliases.list({ include_attributes: "ref" }), "ref"),
  "runner-name": async (client) => pick(await client.runners.list({ include_attributes: "name" }), "name"),
  pack: async (client) => pick(await client.packs.list({ include_attributes: "ref" }), "ref"),
  "key-name": async (client) => pick(await client.listKeys({ scope: "all", limit: 100 }), "name"),
  "apikey-id": async (client) => pick(await client.apiKeys.list(), "id"),
  "timer-id": async (client) => pick(await client.timers.list(), "id"),
  "webhook-url": async (client) =>
    (await client.webhooks.list()).items.map(({ parameters }) => (parameters as { url?: unknown } | undefined)?.url),
  "execution-id": async (client) =>
    pick(await client.executions.list({ limit: NEWEST, parent: "null", include_attributes: "id" }), "id"),
  "inquiry-id": async (client) => (await client.inquiries.list({ limit: NEWEST })).items.map(({ id }) => id),
  "trigger-instance-id": async (client) =>
    pick(await client.triggerInstances.list({ limit: NEWEST, include_attributes: "id" }), "id"),
  "rule-enforcement-id": async (client) =>
    pick(await client.ruleEnforcements.list({ limit: NEWEST, include_attributes: "id" }), "id"),
  parameters: async (client, action) =>
    Object.keys((await client.actionOverview(action)).parameters).map((name) => `${name}=`),
};

/** Arguments that the server can complete. */
export const SERVER_KINDS: readonly string[] = Object.keys(KINDS);

/**
 * `squall __complete KIND PREFIX [ACTION]`: prints what can stand there, one a line. Whatever goes wrong is silence:
 * the person is in the middle of a word. Stale answers are better than none.
 */
export async function answerCompletion(words: readonly string[]): Promise<void> {
  const [kind = "", prefix = "", about = ""] = words;
  const candidates = await candidatesOf(kind, about, process.env).catch(() => []);
  const lines = candidates.filter((candidate) => candidate.startsWith(prefix)).map((candidate) => `${candidate}\n`);
  process.stdout.write(lines.join(""));
}

async function candidatesOf(kind: string, about: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const ask = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (!ask) return [];
  const connection = connectionOf({}, env);
  const { url } = createClient(connection);
  const login = connection.token || connection.apiKey ? undefined : await readLogin(credentialsFile(env), url);
  const token = connection.token ?? login?.token;
  const who = createHash("sha256")
    .update(JSON.stringify([url, token, connection.apiKey, kind, about]))
    .digest("hex");
  const file = join(
    env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"),
    "squall",
    `complete-${kind}-${who.slice(0, 16)}.json`,
  );

  const kept = await readKept(file);
  if (kept && Date.now() - kept.at < FRESH_MS) return kept.candidates;
  try {
    const client = createClient({
      ...connection,
      ...(token === undefined ? {} : { token }),
      timeoutMs: Number(env.SQUALL_COMPLETION_TIMEOUT) || PATIENCE_MS,
    });
    // A name that a shell would take apart or a terminal would obey is not offered.
    const candidates = (await ask(client, about)).filter(
      (one): one is string => typeof one === "string" && /^[\w.:@/=+-]+$/.test(one),
    );
    await keep(file, candidates).catch(() => undefined); // a read-only home costs time, not answers
    return candidates;
  } catch (thrown) {
    if (kept) return kept.candidates;
    throw thrown;
  }
}

interface Kept {
  readonly at: number;
  readonly candidates: readonly string[];
}

async function readKept(file: string): Promise<Kept | undefined> {
  try {
    const { at, candidates } = JSON.parse(await readFile(file, "utf8")) as Partial<Kept>;
    return typeof at === "number" && Array.isArray(candidates) ? { at, candidates: candidates.map(String) } : undefined;
  } catch {
    return undefined; // none yet, or damaged: it is asked for again
  }
}

async function keep(file: string, candidates: readonly string[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, JSON.stringify({ at: Date.now(), candidates } satisfies Kept), { mode: 0o600 });
  await rename(partial, file);
}

function pick(
  listed: { readonly items: readonly Readonly<Record<string, unknown>>[] },
  field: string,
): readonly unknown[] {
  return listed.items.map((item) => item[field]);
}
