import type { ParameterSchema, Parameters } from "@squall/model";
import { Failure, UsageError } from "./failure.ts";
import { convert } from "./parameters.ts";

type Values = Readonly<Record<string, unknown>>;

/** The person at the terminal. */
export interface Asked {
  /** Without echo when `hidden`. */
  ask(question: string, hidden: boolean): Promise<string>;
  note(text: string): void;
}

/** What the API shows instead of a secret. */
const MASK = "********";

/**
 * Asks for every field of a configuration schema, in its order, objects and lists of objects field by field. Enter keeps what
 * is there, or leaves the default to the schema. What does not fit the schema is asked for again.
 */
export async function askForConfig(attributes: Parameters, current: Values, person: Asked): Promise<Values> {
  person.note("Enter keeps what is in brackets.");
  return await askFields(attributes, current, "", person);
}

async function askFields(fields: Parameters, current: Values, path: string, person: Asked): Promise<Values> {
  // What the schema does not know is allowed, and stays.
  const values: Record<string, unknown> = { ...current };
  for (const [name, schema] of Object.entries(fields)) {
    const before = Object.hasOwn(current, name) ? current[name] : undefined;
    const value = await askField(schema, before, path === "" ? name : `${path}.${name}`, person);
    if (value === undefined) delete values[name];
    else values[name] = value;
  }
  return values;
}

async function askField(schema: ParameterSchema, before: unknown, path: string, person: Asked): Promise<unknown> {
  const described = schema.description ? `${path}: ${schema.description}` : path;
  if (schema.type === "object" && schema.properties) {
    person.note(described);
    const known = isValues(before) ? before : {};
    if (!schema.required && Object.keys(known).length === 0 && !(await yes(`Configure ${path}? [y/N]: `, person))) {
      return before;
    }
    return await askFields(schema.properties, known, path, person);
  }
  const items = schema.items;
  if (schema.type === "array" && items !== undefined && !Array.isArray(items)) {
    const item = items as ParameterSchema;
    if (item.type === "object" && item.properties)
      return await askList(item.properties, before, described, path, person);
  }
  return await askValue(schema, before, described, path, person);
}

async function askList(
  fields: Parameters,
  before: unknown,
  described: string,
  path: string,
  person: Asked,
): Promise<unknown> {
  person.note(described);
  const list: unknown[] = [];
  const known: readonly unknown[] = Array.isArray(before) ? before : [];
  for (const [index, one] of known.entries()) {
    if (!(await yes(`Keep ${path}[${index}]? [Y/n]: `, person, true))) continue;
    list.push(await askFields(fields, isValues(one) ? one : {}, `${path}[${list.length}]`, person));
  }
  while (await yes(`Add ${list.length === 0 ? "one" : "another"} to ${path}? [y/N]: `, person)) {
    list.push(await askFields(fields, {}, `${path}[${list.length}]`, person));
  }
  return list.length === 0 && before === undefined ? undefined : list;
}

async function askValue(
  schema: ParameterSchema,
  before: unknown,
  described: string,
  path: string,
  person: Asked,
): Promise<unknown> {
  const hidden = schema.secret === true;
  const kept = before ?? schema.default;
  const facts = [
    schema.type ?? "string",
    ...(schema.enum ? [`one of ${schema.enum.map(textOf).join(", ")}`] : []),
    ...(schema.required && kept === undefined ? ["required"] : []),
    ...(schema.type === "array" ? ["a,b,c or JSON"] : []),
  ];
  const bracket = kept === undefined || kept === null ? "" : ` [${hidden ? "keep" : textOf(kept)}]`;
  for (;;) {
    const typed = await person.ask(`${described} (${facts.join("; ")})${bracket}: `, hidden);
    if (typed.trim() === "") {
      if (schema.required && (kept === undefined || kept === null)) {
        person.note(`${path} is required`);
        continue;
      }
      // A default stays the schema's: it may change with the pack.
      return before;
    }
    try {
      const value = convert(typed, schema, path, false);
      if (schema.enum && !schema.enum.some((one) => one === value)) {
        person.note(`${path} is one of ${schema.enum.map(textOf).join(", ")}`);
        continue;
      }
      return value;
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      person.note(thrown.message);
    }
  }
}

async function yes(question: string, person: Asked, preset = false): Promise<boolean> {
  const answer = (await person.ask(question, false)).trim();
  return answer === "" ? preset : /^y(?:es)?$/i.test(answer);
}

/** A secret to be kept encrypted in the datastore, under this key. */
export interface KeptSecret {
  readonly key: string;
  readonly value: string;
}

/**
 * The values with every secret text replaced by a reference to the datastore, and those texts. References stay as they are.
 * Throws Failure for a secret that is only known masked: what cannot be seen cannot be kept.
 */
export function settle(
  pack: string,
  attributes: Parameters,
  values: Values,
): { values: Values; secrets: KeptSecret[] } {
  const secrets: KeptSecret[] = [];
  const walk = (value: unknown, schema: ParameterSchema | undefined, path: readonly string[]): unknown => {
    if (schema?.secret && typeof value === "string" && value !== "") {
      if (value === MASK) {
        throw new Failure(
          `${path.join(".")} has a secret that only an administrator can keep`,
          "give it again, or sign in as an administrator",
        );
      }
      if (value.includes("{{")) return value;
      // Letters, digits and _ alone, so that the reference below reads it as one name.
      const key = [pack, ...path].join("_").replaceAll(/\W/g, "_");
      secrets.push({ key, value });
      return `{{ st2kv.system.${key} }}`;
    }
    if (Array.isArray(value)) {
      const { items } = schema ?? {};
      return value.map((one, index) =>
        walk(one, (Array.isArray(items) ? items[index] : items) as ParameterSchema | undefined, [
          ...path,
          String(index),
        ]),
      );
    }
    if (!isValues(value)) return value;
    const fields = schema?.properties;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        walk(one, fields && Object.hasOwn(fields, name) ? fields[name] : undefined, [...path, name]),
      ]),
    );
  };
  return { values: walk(values, { properties: attributes }, []) as Values, secrets };
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
