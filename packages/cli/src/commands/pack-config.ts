import { type ApiObject, type Client, ClientError } from "@squall/client";
import type { ParameterSchema, Parameters } from "@squall/model";
import type { Command } from "commander";
import { does, examples } from "../command.ts";
import { askForConfig, settle } from "../config-form.ts";
import type { Context } from "../context.ts";
import { Failure, UsageError } from "../failure.ts";
import { readObject, readText } from "../input-file.ts";
import { nearest } from "../nearest.ts";
import { toYaml } from "../output/fields.ts";
import { convert } from "../parameters.ts";
import { ask } from "../prompt.ts";

interface Options {
  readonly set?: readonly string[];
  readonly file?: string;
  readonly yes?: boolean;
}

export function addConfig(group: Command): void {
  const command = group
    .command("config")
    .description("configure a pack: asks for every field of its schema, or takes them from options")
    .argument("<pack>")
    .option(
      "--set <name=value...>",
      "set this one and leave the others; @name=FILE takes it from a file, a.b=c is inside a",
    )
    .option("--file <file>", "all values, as YAML or JSON; - is stdin")
    .option("--yes", "do not ask whether the result is right")
    .addHelpText(
      "after",
      "\nSecrets are kept encrypted in the datastore; the configuration holds only where: {{ st2kv.system.PACK_NAME }}.",
    );
  examples(command, "squall pack config aws", "squall pack config aws --set region=eu-west-1 @secret_key=key.txt");
  does<Options>(command, async ({ context, words: [name = ""], options }) => {
    const client = await context.client();
    const attributes = await schemaOf(client, name);
    const current = await valuesOf(client, name);
    const isAsking = options.set === undefined && options.file === undefined;
    if (isAsking && !process.stdin.isTTY) {
      throw new UsageError(
        "there is no terminal to ask on",
        `squall pack config ${name} --set name=value, or --file FILE`,
      );
    }
    const filled = isAsking
      ? await askForConfig(attributes, current, { ask, note: context.out.note })
      : await given(name, attributes, current, options);
    const { values, secrets } = settle(name, attributes, filled);
    if (isAsking && !options.yes) await confirm(context, name, shownOf(attributes, values));
    for (const { key, value } of secrets) await client.setKey(key, { value, secret: true, scope: "system" });
    // The cast: the server answers with the configuration as it has it now, secrets masked.
    const path = `/configs/${encodeURIComponent(name)}`;
    const saved = (await client.call(path, { method: "PUT", body: values })) as ApiObject;
    const kept =
      secrets.length === 0 ? "" : `; encrypted in the datastore: ${secrets.map(({ key }) => key).join(", ")}`;
    await context.out.say(saved, `configured ${name}${kept}`);
  });
}

async function schemaOf(client: Client, name: string): Promise<Parameters> {
  try {
    const schema = (await client.call(`/config_schemas/${encodeURIComponent(name)}`)) as ApiObject;
    // The cast: the server keeps only schemas that were checked.
    return schema.attributes as Parameters;
  } catch (thrown) {
    if (!(thrown instanceof ClientError) || thrown.kind !== "not-found") throw thrown;
    const packs = (await client.packs.list({ include_attributes: "ref" })).items.map((pack) => String(pack.ref));
    if (packs.includes(name))
      throw new Failure(`pack ${name} has no config.schema.yaml, so there is nothing to configure`);
    const near = await nearest(name, packs);
    throw new Failure(`there is no pack ${name}`, near ? `did you mean '${near}'?` : "squall pack list");
  }
}

/** What is configured; secrets in clear for administrators, who alone get them. */
async function valuesOf(client: Client, name: string): Promise<ApiObject> {
  try {
    const query = { show_secrets: true };
    const config = (await client.call(`/configs/${encodeURIComponent(name)}`, { query })) as ApiObject;
    return config.values as ApiObject;
  } catch (thrown) {
    if (thrown instanceof ClientError && thrown.kind === "not-found") return {};
    throw thrown;
  }
}

async function given(name: string, attributes: Parameters, current: ApiObject, options: Options): Promise<ApiObject> {
  const values = structuredClone(options.file === undefined ? current : await readObject(options.file)) as Record<
    string,
    unknown
  >;
  for (const word of options.set ?? []) {
    const [, fromFile, path = "", text = ""] = /^(@?)([\w.-]+)=([\s\S]*)$/.exec(word) ?? [];
    if (path === "")
      throw new UsageError(`'${word}' is no name=value`, `squall pack config ${name} --set region=eu-west-1`);
    const schema = await fieldAt(name, attributes, path);
    if (schema.secret && !fromFile && !text.includes("{{")) {
      throw new UsageError(
        `${path} is a secret, and everybody on this machine can see a command line`,
        `@${path}=FILE takes it from a file (@${path}=- from stdin), squall pack config ${name} asks for it`,
      );
    }
    const value = convert(fromFile ? (await readText(text)).replace(/\r?\n$/, "") : text, schema, path, false);
    put(values, path.split("."), value);
  }
  return values;
}

async function fieldAt(pack: string, attributes: Parameters, path: string): Promise<ParameterSchema> {
  let fields: Parameters | undefined = attributes;
  let found: ParameterSchema = {};
  for (const part of path.split(".")) {
    const next: ParameterSchema | undefined = fields && Object.hasOwn(fields, part) ? fields[part] : undefined;
    if (next === undefined) {
      const near = await nearest(part, Object.keys(fields ?? {}));
      const known = Object.keys(fields ?? {}).join(", ") || "nothing";
      throw new UsageError(
        `the schema of ${pack} has no '${path}'`,
        near ? `did you mean '${near}'?` : `it has ${known}`,
      );
    }
    found = next;
    fields = next.properties;
  }
  return found;
}

function put(values: Record<string, unknown>, [first = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    values[first] = value;
    return;
  }
  const inner = Object.hasOwn(values, first) ? values[first] : undefined;
  const next: Record<string, unknown> =
    typeof inner === "object" && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  values[first] = next;
  put(next, rest, value);
}

async function confirm(context: Context, name: string, values: unknown): Promise<void> {
  context.out.note(`\nThe configuration of ${name} will be:\n\n${await toYaml(values)}`);
  const answer = await ask("Save it? [Y/n]: ", false);
  if (!/^(?:y|yes|)$/i.test(answer.trim())) throw new Failure("nothing was changed");
}

/** Secrets that are not references are not shown. */
function shownOf(fields: Parameters | undefined, values: unknown): unknown {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const schema = fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (schema?.secret && !String(value).includes("{{")) return [name, "********"];
      return [name, shownOf(schema?.properties, value)];
    }),
  );
}
