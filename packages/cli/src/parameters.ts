import type { ParameterSchema, Parameters } from "@squall/model";
import { basename } from "node:path";
import { UsageError } from "./failure.ts";
import { nearest } from "./nearest.ts";

/** What reading parameters needs from outside. */
export interface ParameterSources {
  /** The text of a file; throws when it cannot be read. */
  readFile(path: string): Promise<string>;
  /** Asks the person at the terminal, without echo when `hidden`. */
  ask(question: string, hidden: boolean): Promise<string>;
}

export interface ParameterRequest {
  readonly action: string;
  readonly runner: string;
  /** The action's parameters with its runner's merged in. */
  readonly schemas: Parameters;
  /** Items `a:b` of arrays become one object. */
  readonly autoDict?: boolean;
}

/**
 * Reads the words after the action: `name=value` (converted to the type of the parameter's schema), `@name=FILE` (the
 * file's text), `name=?` for secret ones (asked for), and other words, which together are the parameter `cmd`.
 * Naming an array again adds to it. Throws UsageError for what does not fit.
 */
export async function readParameters(
  words: readonly string[],
  request: ParameterRequest,
  sources: ParameterSources,
): Promise<Record<string, unknown>> {
  const parameters: Record<string, unknown> = {};
  const command: string[] = [];
  for (const word of words) {
    const assigned = assignment(word);
    if (!assigned || (command.length > 0 && !Object.hasOwn(request.schemas, assigned.name))) {
      command.push(word); // `ls` of `-- ls`, and `X=1` in `-- make X=1`
      continue;
    }
    const { name, fromFile } = assigned;
    const schema = Object.hasOwn(request.schemas, name) ? request.schemas[name] : undefined;
    if (!schema) throw await unknownParameter(name, request);
    if (fromFile) {
      const text = await sources.readFile(assigned.text);
      Object.assign(parameters, fileParameter(name, assigned.text, text, schema, request));
      continue;
    }
    const text = assigned.text === "?" && schema.secret ? await sources.ask(`${name} (secret): `, true) : assigned.text;
    const value = convert(text, schema, name, request.autoDict ?? false);
    const before = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    parameters[name] =
      Array.isArray(before) && Array.isArray(value) ? [...(before as unknown[]), ...(value as unknown[])] : value;
  }
  if (command.length > 0) {
    if (!Object.hasOwn(request.schemas, "cmd")) {
      throw new UsageError(
        `${request.action} takes no command, so '${command.join(" ")}' says nothing to it`,
        `give parameters as name=value; it takes ${names(request.schemas)}`,
      );
    }
    parameters.cmd = command.join(" ");
  }
  return parameters;
}

function assignment(word: string): { name: string; text: string; fromFile: boolean } | undefined {
  const match = /^(@?)([A-Za-z_][\w.-]*)=([\s\S]*)$/.exec(word);
  if (!match) return undefined;
  return { name: match[2] ?? "", text: match[3] ?? "", fromFile: match[1] === "@" };
}

function fileParameter(
  name: string,
  path: string,
  text: string,
  schema: ParameterSchema,
  request: ParameterRequest,
): Record<string, unknown> {
  // StackStorm's client sends a file through core.http this way, whatever parameter it was given for.
  if (request.action === "core.http") return { file_content: text, file_name: basename(path), method: "POST" };
  return { [name]: convert(text, schema, name, false) };
}

/** A text as the value its schema wants. Texts with Jinja in them stay texts: the server renders them first. */
export function convert(text: string, schema: ParameterSchema, name: string, autoDict: boolean): unknown {
  const type = schema.type ?? "string";
  if (type === "string" || /\{\{|\{%/.test(text)) return text;
  if (text === "null" || text === "None") return null;
  switch (type) {
    case "integer":
      if (!/^\s*[+-]?\d+\s*$/.test(text)) throw wrongType(name, text, "an integer such as 3");
      return Number(text);
    case "number":
      if (text.trim() === "" || !Number.isFinite(Number(text))) throw wrongType(name, text, "a number such as 1.5");
      return Number(text);
    case "boolean":
      if (/^(?:true|1|yes|y|on)$/i.test(text)) return true;
      if (/^(?:false|0|no|n|off)$/i.test(text)) return false;
      throw wrongType(name, text, "true or false");
    case "array":
      return arrayOf(text, schema, name, autoDict);
    case "object":
      return objectOf(text, schema, name);
    case "null":
      return null;
    default:
      return type satisfies never;
  }
}

function arrayOf(text: string, schema: ParameterSchema, name: string, autoDict: boolean): unknown[] {
  if (/^\s*\[/.test(text)) {
    const value = json(text, name, "a list as JSON such as [1, 2], or a,b,c");
    if (Array.isArray(value)) return value as unknown[];
  }
  if (text === "") return [];
  const items = text.split(",").map((item) => item.trim());
  if (autoDict && items.every((item) => item.includes(":"))) {
    return [
      Object.fromEntries(items.map((item) => [item.slice(0, item.indexOf(":")), item.slice(item.indexOf(":") + 1)])),
    ];
  }
  const of = schema.items;
  const one = of !== undefined && !Array.isArray(of) ? (of as ParameterSchema) : undefined;
  return one ? items.map((item) => convert(item, one, `${name}[]`, false)) : items;
}

function objectOf(text: string, schema: ParameterSchema, name: string): unknown {
  const wanted = 'an object as JSON such as {"a": 1}, or a=1,b=2';
  if (/^\s*\{/.test(text)) return json(text, name, wanted);
  if (text === "") return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw wrongType(name, text, wanted);
      const key = pair.slice(0, at).trim();
      const property = schema.properties?.[key];
      const value = pair.slice(at + 1);
      return [key, property ? convert(value, property, `${name}.${key}`, false) : value];
    }),
  );
}

function json(text: string, name: string, wanted: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrongType(name, text, wanted);
  }
}

function wrongType(name: string, text: string, wanted: string): UsageError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new UsageError(`parameter '${name}' takes ${wanted}, not '${shown}'`);
}

async function unknownParameter(name: string, request: ParameterRequest): Promise<UsageError> {
  const near = await nearest(name, Object.keys(request.schemas));
  return new UsageError(
    `${request.action} has no parameter '${name}'`,
    near ? `did you mean '${near}'?` : `it takes ${names(request.schemas)}`,
  );
}

function names(schemas: Parameters): string {
  const shown = Object.keys(schemas).filter((name) => !schemas[name]?.immutable);
  return shown.length === 0 ? "none" : shown.sort().join(", ");
}
