import type { ApiCriterionTest, ApiRuleTest, Client } from "@squall/client";
import { ClientError } from "@squall/client";
import type { Command } from "commander";
import { existsSync } from "node:fs";
import { does, examples } from "../command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failure.ts";
import { gatherHeaders, readHeader } from "../header-option.ts";
import { readDocument, readObject } from "../input-file.ts";
import { toYaml } from "../output/fields.ts";
import { oneLine, pad, textWidth } from "../output/text-width.ts";
import { addCreate, addDelete, addEnableDisable, addGet, addList, addUpdate, notFound } from "../resource.ts";
import { RULE } from "./kinds.ts";

export function define(group: Command): void {
  addList(group, RULE, {
    filters: [
      { flags: "-p, --pack <pack>", description: "of this pack", query: "pack" },
      { flags: "-c, --action <action-ref>", description: "that run this action", query: "action" },
      { flags: "-g, --trigger <trigger-ref>", description: "that listen to this trigger", query: "trigger" },
      { flags: "--enabled", description: "enabled ones only", query: "enabled" },
    ],
    pageOf: 50,
    example: "squall rule list --action core.local",
  });
  addGet(group, RULE);
  addCreate(group, RULE);
  addUpdate(group, RULE);
  addDelete(group, RULE);
  addEnableDisable(group, RULE);
  addTest(group);
}

function addTest(group: Command): void {
  const command = group
    .command("test")
    .description("say, criterion by criterion, whether a rule matches an event; nothing is run")
    .argument("<rule-ref>", "the rule: its ref, or a YAML or JSON file of one")
    .option("--event <trigger-instance-id>", "an event that happened (`squall trigger-instance list`)")
    .option("--payload <file>", "a payload from a JSON or YAML file (- is stdin)")
    .option("--body <file>", "what is posted to the rule's webhook, from a JSON or YAML file (- is stdin)")
    .option("-H, --header <header>", "with --body: a header 'Name: value'; may be given again", gatherHeaders, [])
    .addHelpText("after", "\nExit status: 0 it matches, 1 it does not.");
  examples(
    command,
    "squall rule test examples.on_alert --event 6921f0c2a1b2c3d4e5f60718",
    "squall rule test my_rule.yaml --payload event.json",
    "squall rule test examples.github_push --body push.json -H 'X-GitHub-Event: push'",
  );
  does<TestOptions>(command, async ({ context, words: [rule = ""], options }) => {
    const { event, payload, body } = options;
    if ([event, payload, body].filter((one) => one !== undefined).length !== 1) {
      throw new UsageError("rule test needs one event to test with", "give --event ID, --payload FILE or --body FILE");
    }
    const client = await context.client();
    const isFile = /\.(?:ya?ml|json)$/.test(rule) || rule === "-" || rule.includes("/");
    const given = isFile && (rule === "-" || existsSync(rule) || rule.includes("/")) ? await readObject(rule) : rule;
    const result = await tested(client, {
      rule: given,
      ...(event === undefined ? {} : { trigger_instance: event }),
      ...(payload === undefined ? {} : { payload: await readObject(payload) }),
      ...(body === undefined ? {} : { payload: webhookPayload(await readDocument(body), options.header) }),
    });
    await context.out.say(result, await describe(result, typeof given === "string" ? given : rule, context));
    if (!result.matched) context.exitStatus = 1;
  });
}

interface TestOptions {
  readonly event?: string;
  readonly payload?: string;
  readonly body?: string;
  readonly header: readonly string[];
}

/** What the server makes of a posted body: the payload of a webhook's event. */
function webhookPayload(body: unknown, given: readonly string[]): Record<string, unknown> {
  const headers = given.map(readHeader);
  const lower = headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return { headers: Object.fromEntries(headers), headers_lower: Object.fromEntries(lower), body };
}

async function tested(client: Client, request: Parameters<Client["testRule"]>[0]): Promise<ApiRuleTest> {
  try {
    return await client.testRule(request);
  } catch (thrown) {
    const missing = thrown instanceof ClientError && thrown.kind === "not-found" && typeof request.rule === "string";
    // The event may be what is missing; then the server's own words are the better ones.
    if (!missing || (await client.rules.get(request.rule as string).catch(() => undefined))) throw thrown;
    throw await notFound(client.rules, RULE, request.rule as string);
  }
}

/** A line per criterion, then the verdict. */
async function describe(result: ApiRuleTest, name: string, context: Context): Promise<string> {
  const { colors } = context.out;
  const width = Math.max(0, ...result.criteria.map(({ key }) => textWidth(oneLine(key))));
  const lines = result.criteria.map((test) => {
    const mark = test.held ? colors.green("✓") : colors.red("✗");
    return `${mark} ${pad(oneLine(test.key), width)}  ${wordsOf(test)}`;
  });
  if (result.criteria.length === 0) lines.push("  no criteria: it matches every event of its trigger");
  const verdict = result.matched ? colors.green("matches") : colors.red("does not match");
  lines.push("", `${name} ${verdict}`);
  if (result.error) lines.push(colors.red(oneLine(result.error)));
  if (result.parameters && Object.keys(result.parameters).length > 0) {
    const yaml = (await toYaml(result.parameters)).trimEnd();
    lines.push("it would run its action with", ...yaml.split("\n").map((line) => `  ${line}`));
  }
  return lines.join("\n");
}

function wordsOf({ criterion, value, pattern, error, held }: ApiCriterionTest): string {
  const wanted = `${criterion.type} ${show(pattern ?? criterion.pattern)}`;
  const got = value === undefined ? "nothing there" : `value ${show(value)}`;
  return oneLine(`${wanted}   ${got}${error ? `   ${error}` : held ? "" : "   does not hold"}`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
