/**
 * Seconds as `1y2d3h4m5s`, leading units that are zero left out. Years and days come from the calendar date that many
 * seconds after the first of January of the year 1 (the day is the day of its month, so months disappear): StackStorm's
 * arithmetic, kept because packs print it.
 */
export function humanTime(seconds: number): string {
  if (seconds === 0) return "0s";
  if (seconds > 0 && seconds < 1) return `${seconds}\u03bcs`;
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(1, 0, 1);
  const later = new Date(date.getTime() + roundHalfEven(seconds) * 1000);
  const parts: [number, string][] = [
    [later.getUTCFullYear() - 1, "y"],
    [later.getUTCDate() - 1, "d"],
    [later.getUTCHours(), "h"],
    [later.getUTCMinutes(), "m"],
    [later.getUTCSeconds(), "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  return parts
    .slice(first < 0 ? parts.length - 1 : first)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join("");
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
