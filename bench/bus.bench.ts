import { createIds, type Execution, microsNow } from "@squall/model";
import { type Bus, createLocalBus, openNatsBus, startNats, whyNoNats } from "@squall/bus";

/**
 * What it costs to tell and to ask: messages of an execution with 3 KB, from one publisher to one listener, inside one
 * process and over a nats-server of this machine, to another connection in the same process.
 *
 * - `publish`: the publisher's own processor time for each message, in the turn that said it and the phase that packed it,
 *   with nobody listening; what members pay for what others hear.
 * - `through`: messages a second until the listener has heard the last, with 500 under way at most.
 * - `hear`, `answer`: from publish to hear, and from request to answer, one at a time; the median.
 *
 * Not measured: a network, TLS, other processes (sender and hearer share one processor here), what listeners do.
 * Options: `--messages N` (default 20,000), `--turns N` for the medians (default 2,000).
 */
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const MESSAGES = option("messages", 20_000);
const TURNS = option("turns", 2_000);
const UNDER_WAY = 500;
const WAIT_MS = 30_000;
/** What a webhook's execution says in one turn of the loop: created, started, ended. */
const IN_A_TURN = 3;

const ids = createIds();
const at = microsNow();
const execution = {
  id: ids(),
  project: "default",
  liveaction: ids(),
  status: "running",
  action: "core.noop",
  runner: "noop",
  lane: "inline",
  snapshot: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4",
  parameters: { message: "compute-17 is critical ".repeat(110), value: 97.5 },
  context: { user: "stanley", pack: "core", trace_context: { id_: ids(), trace_tag: "webhook-compute-17" } },
  user: "stanley",
  created: at,
  due: at,
  start: at,
  log: ["requested", "scheduled", "running"].map((status) => ({ status: status as "running", timestamp: at })),
} satisfies Execution;
const message = { topic: "execution", change: "update", execution } as const;

interface Figures {
  readonly publishMicros: number;
  readonly perSecond: number;
  readonly hearMicros: number;
  readonly answerMicros: number;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** `settle` resolves when what was subscribed and said so far has gone where it goes. */
async function measure(say: Bus, hear: Bus, settle: () => Promise<void>): Promise<Figures> {
  const publishing = async (count: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let left = count; left > 0; left -= IN_A_TURN) {
      for (let one = 0; one < IN_A_TURN; one++) say.publish(message);
      await turn();
    }
    await settle();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  await publishing(MESSAGES / 4);
  const publishMicros = await publishing(MESSAGES);

  const hearer = { heard: 0, notify: (): void => undefined };
  const leave = hear.subscribe(["execution"], () => {
    hearer.heard++;
    hearer.notify();
  });
  await settle();
  const through = async (count: number): Promise<number> => {
    hearer.heard = 0;
    const began = performance.now();
    for (let said = 0; said < count; said += IN_A_TURN) {
      for (let one = 0; one < IN_A_TURN; one++) say.publish(message);
      while (said - hearer.heard > UNDER_WAY) await turn();
      if (said % (IN_A_TURN * 10) === 0) await turn();
    }
    while (hearer.heard < count) await turn();
    return (count / (performance.now() - began)) * 1_000;
  };
  await through(MESSAGES / 4);
  const perSecond = await through(MESSAGES);

  const hears: number[] = [];
  for (let n = 0; n < TURNS; n++) {
    const next = new Promise<void>((resolve) => {
      hearer.notify = resolve;
    });
    const began = performance.now();
    say.publish(message);
    await next;
    hears.push((performance.now() - began) * 1_000);
  }
  leave();

  const stop = hear.serve("bench", async (question) => question, { atOnce: 10 });
  await settle();
  const answers: number[] = [];
  for (let n = 0; n < TURNS; n++) {
    const began = performance.now();
    await say.request("bench", { n }, { timeoutMs: WAIT_MS });
    answers.push((performance.now() - began) * 1_000);
  }
  stop();
  return { publishMicros, perSecond, hearMicros: median(hears), answerMicros: median(answers) };
}

const onError = (error: unknown): never => {
  throw error;
};
const print = (name: string, figures: Figures, bare?: Figures): void => {
  const cell = (value: number, of: number | undefined) =>
    `${value.toFixed(value < 100 ? 1 : 0)}${of === undefined ? "" : ` (x${(value / of).toPrecision(2)})`}`.padStart(16);
  console.log(
    `${name.padEnd(8)}${cell(figures.publishMicros, bare?.publishMicros)}${cell(figures.perSecond, bare?.perSecond)}${cell(figures.hearMicros, bare?.hearMicros)}${cell(figures.answerMicros, bare?.answerMicros)}`,
  );
};

console.log(`an execution of ${JSON.stringify(message).length} bytes, ${MESSAGES} times`);
console.log(
  `${"".padEnd(8)}${["publish, us", "through, 1/s", "hear p50, us", "answer p50, us"].map((title) => title.padStart(16)).join("")}`,
);
const local = createLocalBus({ onError });
const bare = await measure(local, local, turn);
await local[Symbol.asyncDispose]();
print("local", bare);

const missing = await whyNoNats();
if (missing !== undefined) console.log(`NATS is not measured: ${missing}`);
else {
  await using nats = await startNats();
  const open = () => openNatsBus({ urls: [nats.url], cluster: "bench", onError, say: () => undefined });
  await using say = await open();
  await using hear = await open();
  const figures = await measure(say, hear, async () => {
    await hear.settled(WAIT_MS);
    await say.settled(WAIT_MS);
    await hear.settled(WAIT_MS);
  });
  print("NATS", figures, bare);
  const dropped = say.health().details.dropped;
  if (dropped !== 0) throw new Error(`${String(dropped)} messages were dropped, so the figures are of fewer`);
}
