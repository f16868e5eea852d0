import type { ParameterSchema } from "@squall/model";
import { Failure, UsageError } from "./failure.ts";
import { oneLine, safeText } from "./output/text-width.ts";
import { convert, type ParameterSources } from "./parameters.ts";

/** How often somebody may get one field wrong before it looks as if nobody was there. */
const ATTEMPTS = 5;

/**
 * Asks for an answer field by field, as its schema says: types, choices, defaults, what is needed, secrets unseen. An
 * empty answer takes the default, or leaves the field out. @throws Failure for a schema without fields
 */
export async function askAnswer(
  schema: ParameterSchema,
  sources: Pick<ParameterSources, "ask"> & { readonly note: (text: string) => void },
): Promise<Record<string, unknown>> {
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) {
    throw new Failure("the answer has no fields that could be asked for", "give it whole: --response '{...}'");
  }
  const answer: Record<string, unknown> = {};
  const needed = Array.isArray(schema.required) ? (schema.required as readonly unknown[]) : [];
  for (const [name, field] of fields) {
    if (typeof field.description === "string") sources.note(safeText(field.description));
    const isNeeded = (field.required === true || needed.includes(name)) && field.default === undefined;
    const value = await askField(name, field, isNeeded, sources);
    if (value !== undefined) {
      Object.defineProperty(answer, name, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return answer;
}

async function askField(
  name: string,
  schema: ParameterSchema,
  isNeeded: boolean,
  { ask, note }: Pick<ParameterSources, "ask"> & { readonly note: (text: string) => void },
): Promise<unknown> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const text = await ask(questionOf(name, schema, isNeeded), schema.secret === true);
    if (text.trim() === "") {
      if (!isNeeded) return undefined;
      note(`${oneLine(name)} is needed`);
      continue;
    }
    let value: unknown;
    try {
      value = schema.type === undefined ? text : convert(text, schema, name, false);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      // What was typed unseen is not shown by what is said of it.
      note(schema.secret === true ? `that is no ${String(schema.type)}` : thrown.message);
      continue;
    }
    const chosen = choice(value, schema);
    if (chosen.ok) return chosen.value;
    note(`it is one of ${choicesOf(schema)}`);
  }
  throw new UsageError(`no usable answer for ${oneLine(name)} after ${ATTEMPTS} attempts`);
}

/** One of an enum is meant also when only its text is the same: numbers are typed as text where no type is named. */
function choice(value: unknown, schema: ParameterSchema): { readonly ok: boolean; readonly value: unknown } {
  if (!Array.isArray(schema.enum)) return { ok: true, value };
  const found = (schema.enum as readonly unknown[]).find((one) => one === value || String(one) === String(value));
  return { ok: found !== undefined, value: found };
}

const choicesOf = (schema: ParameterSchema): string => oneLine((schema.enum ?? []).map(String).join(", "));

function questionOf(name: string, schema: ParameterSchema, isNeeded: boolean): string {
  const kind =
    schema.enum !== undefined
      ? choicesOf(schema)
      : schema.secret
        ? "not shown"
        : schema.type === "boolean"
          ? "yes or no"
          : (schema.type ?? "text");
  const preset =
    schema.default !== undefined && !schema.secret
      ? ` [${oneLine(typeof schema.default === "string" ? schema.default : JSON.stringify(schema.default))}]`
      : isNeeded
        ? ""
        : " [none]";
  return `${oneLine(name)} (${kind})${preset}: `;
}
