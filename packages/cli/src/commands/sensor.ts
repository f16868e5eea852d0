import { type ApiSensor, type Client, ClientError } from "@squall/client";
import { type Command, Option } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { does, examples, wholeNumber } from "../command.ts";
import type { Context } from "../context.ts";
import { Failure } from "../failure.ts";
import { nearest } from "../nearest.ts";
import { safeText } from "../output/text-width.ts";
import { addEnableDisable, type ResourceKind } from "../resource.ts";

const SENSOR: ResourceKind = {
  noun: "sensor",
  plural: "sensors",
  collection: (client) => client.sensors,
  argument: "sensor-ref",
  columns: ["ref", "pack", "description", "enabled"],
  empty: "no sensors: `squall pack register DIR` brings those of a pack",
};

const COLUMNS = ["id", "state", "since", "events", "restarts", "reason"];

export function define(group: Command): void {
  addList(group);
  addGet(group);
  addLogs(group);
  addOrder(group, "start", "start sensors that were stopped, or try again at once", "started");
  addOrder(group, "stop", "end sensors until they are started again, or the server is", "stopped");
  addOrder(group, "restart", "end sensors and start them anew", "restarted");
  addEnableDisable(group, SENSOR);
}

function addList(group: Command): void {
  const command = group
    .command("list")
    .description("list sensors and how they are")
    .option("-p, --pack <pack>", "of this pack")
    .option("--state <state>", "in this state: running, failed, backing-off, stopped, disabled, starting")
    .option("-a, --attr <columns>", "columns to show, comma-separated (for example id,pid,last_error.message)");
  examples(command, "squall sensor list", "squall sensor list --state failed");
  does<{ pack?: string; state?: string; attr?: string }>(command, async ({ context, options }) => {
    const { pack, state, attr } = options;
    const { items } = await (await context.client()).sensorProcesses.list({ pack, state });
    await context.out.list(items, attr?.split(",") ?? COLUMNS, SENSOR.empty);
  });
}

function addGet(group: Command): void {
  const command = group
    .command("get")
    .description("show how a sensor is, and what is known of it")
    .argument("<sensor-id...>")
    .option("-a, --attr <columns>", "fields to show, comma-separated");
  examples(
    command,
    "squall sensor get rss.FeedSensor",
    "squall sensor get rss.FeedSensor@news --attr state,last_error",
  );
  does<{ attr?: string }>(command, async ({ context, words, options }) => {
    const client = await context.client();
    const found = await Promise.all(
      words.map(async (id) => {
        const sensor = await known(client, id, () => client.sensorProcesses.get(id));
        const { description, entry_point } = await client.sensors.get(sensor.ref);
        return { ...sensor, description, entry_point };
      }),
    );
    if (found.length > 1 && context.out.format !== "table") return await context.out.list(found, [], "");
    for (const [index, sensor] of found.entries()) {
      if (index > 0) context.out.write("\n");
      await context.out.one(sensor, options.attr?.split(","));
    }
  });
}

function addOrder(group: Command, verb: "start" | "stop" | "restart", description: string, done: string): void {
  const command = group.command(verb).description(description).argument("<sensor-id...>");
  examples(command, `squall sensor ${verb} rss.FeedSensor`);
  does(command, async ({ context, words }) => {
    const client = await context.client();
    for (const id of words) {
      const sensor = await known(client, id, () => client.sensorProcesses[verb](id));
      await context.out.say(sensor, `${done} ${sensor.id}`);
    }
  });
}

/** Between two looks at a server that is away, or does not wait with its answer. */
const PAUSE_MS = 1_000;
/** The server holds a request for news of a log for at most this long, in seconds. */
const WAIT_S = 25;

function addLogs(group: Command): void {
  const command = group
    .command("logs")
    .alias("log")
    .description("print what a sensor printed, and what became of its processes")
    .argument("<sensor-id>")
    .addOption(new Option("-n, --lines <n>", "the last ones").default(50).argParser(wholeNumber("N", 1)))
    .option("-f, --follow", "stay, and print what comes");
  examples(command, "squall sensor logs rss.FeedSensor -f");
  does<{ lines: number; follow?: boolean }>(command, async ({ context, words: [id = ""], options }) => {
    const client = await context.client();
    const first = await known(client, id, () => client.sensorProcesses.log(id, { lines: options.lines }));
    print(context, first.text);
    if (options.follow !== true) return;
    for (let after = first.position, isAway = false; ; ) {
      const asked = performance.now();
      try {
        const part = await client.sensorProcesses.log(id, { after, wait: WAIT_S });
        if (isAway) context.out.note("the server is back");
        isAway = false;
        after = part.position;
        print(context, part.text);
        if (part.text === "" && performance.now() - asked < PAUSE_MS) await sleep(PAUSE_MS);
      } catch (thrown) {
        if (!(thrown instanceof ClientError) || thrown.kind !== "unreachable") throw thrown;
        if (!isAway) context.out.note("the server is away; waiting for it");
        isAway = true;
        await sleep(PAUSE_MS);
      }
    }
  });
}

function print(context: Context, text: string): void {
  context.out.write(safeText(text));
}

/** What is asked; when there is no such sensor, an error that names the nearest there is. */
async function known<T>(client: Client, id: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    if (!(thrown instanceof ClientError) || thrown.kind !== "not-found") throw thrown;
    const items = await client.sensorProcesses.list().then(
      (listed) => listed.items,
      (): readonly ApiSensor[] => [], // a hint; the error stands without it
    );
    const instances = items.filter((one) => one.ref === id).map((one) => one.id);
    const near = await nearest(
      id,
      items.map((one) => one.id),
    );
    throw new Failure(
      `there is no sensor '${id}'`,
      instances.length > 0
        ? `its instances are ${instances.join(", ")}`
        : near === undefined
          ? "`squall sensor list` shows those there are"
          : `did you mean '${near}'?`,
    );
  }
}
