/** A moment in whole microseconds since 1970 UTC: StackStorm shows microseconds, and integers sort and compare. */
export type Micros = number;

export function microsNow(): Micros {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** `YYYY-MM-DDTHH:MM:SS.ffffffZ`, as StackStorm's API prints times. */
export function formatMicros(micros: Micros): string {
  const ms = Math.floor(micros / 1000);
  const rest = micros - ms * 1000;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/** Reads StackStorm's timestamps and other ISO 8601 ones; without a zone they are UTC. Undefined if it is none. */
export function parseMicros(text: string): Micros | undefined {
  const match = TIME.exec(text.trim());
  if (!match) return undefined;
  const zone = match[4] === undefined ? "Z" : match[4].length === 3 ? `${match[4]}:00` : match[4];
  const ms = Date.parse(`${match[1]}T${match[2]}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`);
  if (Number.isNaN(ms)) return undefined;
  return ms * 1000 + Number((match[3] ?? "").padEnd(6, "0"));
}
