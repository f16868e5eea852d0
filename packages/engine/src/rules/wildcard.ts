/** Unix shell pattern over the whole text, with the rules of Python's fnmatch: `*`, `?`, `[seq]`, `[!seq]`. */
export function compileWildcard(pattern: string): (text: string) => boolean {
  const steps = parse([...pattern]);
  return (text) => run(steps, [...text]);
}

type Step = "any" | ((char: string) => boolean);

function parse(chars: readonly string[]): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? "";
    if (char === "*") {
      if (steps.at(-1) !== "any") steps.push("any");
    } else if (char === "?") steps.push(() => true);
    else if (char === "[") {
      // A bracket right after the opening (or after !) belongs to the set; one without an end is itself.
      const start = chars[at + 1] === "!" ? at + 2 : at + 1;
      const end = chars.indexOf("]", start + 1);
      if (end < 0) steps.push((one) => one === "[");
      else {
        steps.push(set(chars.slice(start, end), chars[at + 1] === "!"));
        at = end;
      }
    } else steps.push((one) => one === char);
  }
  return steps;
}

function set(members: readonly string[], negated: boolean): Step {
  const ranges: [number, number][] = [];
  for (let at = 0; at < members.length; at++) {
    const low = point(members[at]);
    if (members[at + 1] === "-" && at + 2 < members.length) {
      ranges.push([low, point(members[at + 2])]);
      at += 2;
    } else ranges.push([low, low]);
  }
  return (char) => ranges.some(([low, high]) => low <= point(char) && point(char) <= high) !== negated;
}

function point(char: string | undefined): number {
  return char?.codePointAt(0) ?? 0;
}

/** Goes back to the last `*` only, so the cost is at most length times length. */
function run(steps: readonly Step[], text: readonly string[]): boolean {
  let step = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = steps[step];
    if (current === "any") {
      star = step++;
      starAt = at;
    } else if (current?.(text[at] ?? "")) {
      step++;
      at++;
    } else if (star >= 0) {
      step = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (steps[step] === "any") step++;
  return step === steps.length;
}
