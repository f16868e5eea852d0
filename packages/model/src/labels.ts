import Type from "typebox";
import { canonicalJson, isObject } from "./json.ts";

/** What a worker can reach or has (`site: edge`), or what an execution asks its worker to have. */
export type Labels = Readonly<Record<string, string>>;

/** Labels of one worker, or asked of one: the store's index holds them in its keys, which have an end. */
export const MOST_LABELS = 8;

/** As a JSON Schema. `labelTrouble` says more. */
export const Labels = Type.Record(Type.String(), Type.String(), {
  maxProperties: MOST_LABELS,
  description: "Labels that the worker must have, for example {site: edge}.",
});

/** Of executions; the higher is started first. Absent means 0. */
export const PRIORITIES = { lowest: -100, highest: 100 } as const;
export const Priority = Type.Integer({
  minimum: PRIORITIES.lowest,
  maximum: PRIORITIES.highest,
  description: "Higher is started first, within the project; 0 unless said otherwise.",
});

/** Names and values. */
const WORD = /^[A-Za-z0-9._/-]{1,63}$/;

/** Whether a worker with these labels may run what asks for those: all of them, with their values. */
export function satisfies(labels: Labels, where: Labels | undefined): boolean {
  for (const name in where) if (!Object.hasOwn(labels, name) || labels[name] !== where[name]) return false;
  return true;
}

/** One text for equal labels, whatever their order: JSON with sorted names, `""` for none. */
export function labelsText(labels: Labels | undefined): string {
  return labels === undefined || Object.keys(labels).length === 0 ? "" : canonicalJson(labels);
}

/** What is wrong with labels, in words for who wrote them; undefined when nothing is. */
export function labelTrouble(labels: unknown): { readonly name?: string; readonly message: string } | undefined {
  if (!isObject(labels)) return { message: "labels are a mapping of names to values, for example {site: edge}" };
  const entries = Object.entries(labels);
  if (entries.length > MOST_LABELS) return { message: `${entries.length} labels are given and ${MOST_LABELS} may be` };
  for (const [name, value] of entries) {
    if (!WORD.test(name)) return { name, message: `'${shortened(name)}' is no name of a label; ${RULE}` };
    // YAML reads `gpu: yes` as true and `rack: 12` as a number.
    if (typeof value !== "string") {
      return { name, message: `the value of label '${name}' is ${JSON.stringify(value)}, no text; put it in quotes` };
    }
    if (!WORD.test(value)) return { name, message: `'${shortened(value)}' is no value of a label; ${RULE}` };
  }
  return undefined;
}

const RULE = "up to 63 letters, digits, dots, slashes, _ and - make one";

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
