import { isTemplate, renderText } from "@squall/expressions";
import { Invalid, isObject, messageOf } from "@squall/model";

/** What templates of a chain see. */
export type ChainContext = Parameters<typeof renderText>[1];

/** A value of the definition that could not be rendered. */
export class RenderFault extends Error {
  readonly key: string;
  readonly value: unknown;
  constructor(key: string, value: unknown, cause: unknown) {
    super(messageOf(cause), { cause });
    this.key = key;
    this.value = value;
  }
}

/** Deeper than anybody writes by hand: what is nested so is hostile. */
const MAX_DEPTH = 100;

/**
 * Renders the values of a mapping to texts, as StackStorm does; values without a template keep their type. Each text is
 * rendered on its own, and what comes out is data: it is never read as a template again.
 * @throws RenderFault; what a key's reader throws passes through
 */
export function renderValues(
  values: Readonly<Record<string, unknown>>,
  context: ChainContext,
): Record<string, unknown> {
  const out: [string, unknown][] = [];
  for (const [key, value] of Object.entries(values)) {
    try {
      out.push([key, renderValue(value, context, 0)]);
    } catch (thrown) {
      if (thrown instanceof Invalid) throw new RenderFault(key, value, thrown);
      throw thrown;
    }
  }
  // Not by assignment: a parameter called `__proto__` has to stay one, for validation to refuse.
  return Object.fromEntries(out);
}

function renderValue(value: unknown, context: ChainContext, depth: number): unknown {
  if (typeof value === "string") return isTemplate(value) ? renderText(value, context) : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) {
    throw new Invalid("parameters.depth", { message: `the value is nested more than ${MAX_DEPTH} levels deep` });
  }
  if (Array.isArray(value)) return value.map((item) => renderValue(item, context, depth + 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      isTemplate(key) ? renderText(key, context) : key,
      renderValue(member, context, depth + 1),
    ]),
  );
}

/** A value of the definition as messages show it. */
export const shownTemplate = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
};
