import { oneLine, pad, safeText, textWidth } from "./text-width.ts";

/** YAML as people write it: keys in their order, long texts as blocks, no anchors. */
export async function toYaml(value: unknown, lineWidth = 120): Promise<string> {
  const { dump } = await import("js-yaml");
  return dump(value ?? null, { lineWidth, noRefs: true });
}

/** One line per field; objects and texts of several lines as YAML below their name. Empty fields are left out. */
export async function renderFields(
  fields: readonly (readonly [string, unknown])[],
  paintName: (name: string) => string,
  paintValue: (name: string, text: string) => string,
): Promise<string> {
  const shown = fields.filter(([, value]) => !isEmpty(value));
  const width = Math.max(0, ...shown.map(([name]) => textWidth(oneLine(name)))) + 1;
  let text = "";
  for (const [rawName, value] of shown) {
    const name = oneLine(rawName);
    const label = paintName(`${name}:`);
    const gap = pad(`${name}:`, width).slice(name.length + 1);
    const block = typeof value === "object" || (typeof value === "string" && value.includes("\n"));
    text += block
      ? `${label}\n${indent(await blockOf(value))}`
      : `${label}${gap} ${paintValue(name, oneLine(scalarText(value)))}\n`;
  }
  return text;
}

async function blockOf(value: unknown): Promise<string> {
  return typeof value === "string" ? `${safeText(value).replace(/\n+$/, "")}\n` : safeText(await toYaml(value));
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** A value on one line; texts as they are. */
export function scalarText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
