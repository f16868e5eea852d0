import { UsageError } from "../failure.ts";

/** `UTC` unless told otherwise, as StackStorm's client shows times; `local` is this machine's zone. */
export function timeZoneOf(asked: string | undefined): string {
  if (!asked) return "UTC";
  if (asked === "local") return Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: asked }).resolvedOptions().timeZone;
  } catch {
    throw new UsageError(`'${asked}' is no time zone`, "give 'local', 'UTC' or a name such as 'Europe/Vienna'");
  }
}

/** An API timestamp as `2026-11-22 09:33:53 UTC`; what is no timestamp stays as it is. */
export function formatTime(timestamp: string, timeZone: string): string {
  const ms = Date.parse(timestamp);
  if (Number.isNaN(ms)) return timestamp;
  if (timeZone === "UTC") return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "medium",
  }).format(ms);
  const zone = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "shortOffset" })
    .formatToParts(ms)
    .find((part) => part.type === "timeZoneName")?.value;
  return zone ? `${parts} ${zone}` : parts;
}

/** `0.4 s`, `12 s`, `3 min 5 s`, `2 h 3 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
