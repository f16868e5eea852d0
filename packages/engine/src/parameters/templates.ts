import { isTemplate } from "@squall/expressions";

/** Whether any text in a value is a Jinja template. */
export function holdsTemplate(value: unknown): boolean {
  if (typeof value === "string") return isTemplate(value);
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsTemplate);
  for (const key in value) {
    if (isTemplate(key) || holdsTemplate((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}
