import type { ApiInquiry } from "@squall/client";
import type { ParameterSchema } from "@squall/model";
import type { Command } from "commander";
import { askAnswer } from "../ask-answer.ts";
import { does, examples, wholeNumber } from "../command.ts";
import { UsageError } from "../failure.ts";
import { ask } from "../prompt.ts";
import { noteMore } from "../resource.ts";

const COLUMNS = ["id", "roles", "users", "route", "ttl"] as const;
const USUAL_LAST = 50;

export function define(group: Command): void {
  const list = group
    .command("list")
    .description("list questions that wait for an answer, the oldest first")
    .option("-n, --last <n>", `show at most this many (default ${USUAL_LAST})`, wholeNumber("N", 1))
    .option("--route <route>", "only those of this route")
    .option("--mine", "only those that you may answer")
    .option("-a, --attr <columns>", "columns to show, comma-separated");
  examples(list, "squall inquiry list --mine");
  does<{ last?: number; route?: string; mine?: boolean; attr?: string }>(list, async ({ context, options }) => {
    const { inquiries } = await context.client();
    const { items, total } = await inquiries.list({
      limit: options.last ?? USUAL_LAST,
      route: options.route,
      mine: options.mine ? "true" : undefined,
    });
    await context.out.list(
      items,
      options.attr?.split(",") ?? COLUMNS,
      "nobody waits for an answer: `squall run core.ask` asks",
    );
    noteMore(context, items.length, total, "questions");
  });

  const get = group
    .command("get")
    .description("show a question, and what its answer has to be like")
    .argument("<inquiry-id...>")
    .option("-a, --attr <columns>", "fields to show, comma-separated");
  examples(get, "squall inquiry get 6921f0c2a1b2c3d4e5f60718");
  does<{ attr?: string }>(get, async ({ context, words, options }) => {
    const { inquiries } = await context.client();
    const found = await Promise.all(words.map((id) => inquiries.get(id)));
    if (context.out.format !== "table" && found.length > 1) return await context.out.list(found, [], "");
    for (const [at, inquiry] of found.entries()) {
      if (at > 0) context.out.write("\n");
      await context.out.one(inquiry, options.attr?.split(",") ?? [...COLUMNS, "schema"]);
    }
  });

  const respond = group
    .command("respond")
    .description("answer a question; asks field by field on a terminal")
    .argument("<inquiry-id>")
    .option("-r, --response <json>", "the whole answer as JSON");
  examples(
    respond,
    "squall inquiry respond 6921f0c2a1b2c3d4e5f60718",
    `squall inquiry respond 6921f0c2a1b2c3d4e5f60718 --response '{"continue": true}'`,
  );
  does<{ response?: string }>(respond, async ({ context, words: [id = ""], options }) => {
    const { inquiries } = await context.client();
    let response: Record<string, unknown>;
    if (options.response !== undefined) response = objectIn(options.response);
    else {
      const inquiry = await inquiries.get(id);
      if (!process.stdin.isTTY) {
        throw new UsageError(
          "there is no terminal to ask for the answer on",
          `give it whole: --response '${sampleOf(inquiry)}'`,
        );
      }
      // Cast: the server compiled the schema before it asked; whatever is odd in it is only shown.
      const schema = inquiry.schema as ParameterSchema;
      response = await askAnswer(schema, { ask, note: context.out.note });
    }
    const answered = await inquiries.respond(id, response);
    await context.out.say(answered, `answered ${id}: what waited for it goes on`);
  });
}

function objectIn(text: string): Record<string, unknown> {
  const refuse = (): never => {
    throw new UsageError("--response is not a JSON object", `write it like --response '{"continue": true}'`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse();
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : refuse();
}

/** An answer of the right shape, to be written over. */
function sampleOf({ schema }: ApiInquiry): string {
  const fields = Object.entries((schema as ParameterSchema).properties ?? {});
  return JSON.stringify(Object.fromEntries(fields.map(([name, field]) => [name, field.default ?? valueOf(field)])));
}

function valueOf({ enum: choices, type }: ParameterSchema): unknown {
  if (choices?.[0] !== undefined) return choices[0];
  switch (type) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return 1;
    case "array":
      return [];
    case "object":
      return {};
    default:
      return "...";
  }
}
