import { Invalid } from "@squall/model";
import type { Program, Step } from "./compile.ts";

/**
 * A backtracking matcher with a memory: tries what Python's `re` tries, in its order, so that the same groups match; and
 * remembers at which fork it has been at which character, so that no way is gone twice.
 *
 * M1: what follows from a fork depends on nothing but the fork and the place in the text (captures decide nothing). So a
 *     fork that was reached before at the same place has failed or is being tried already, and need not be tried again.
 *     Work is at most steps of the program times characters. With back-references M1 does not hold, and nothing is remembered.
 *     (One difference remains: in `((x)*)*` Python lets the outer group end with an empty turn, here it keeps the last full one.)
 * M2: every step is counted against a budget that the caller shares among all formats a command is tried on.
 */
export interface Budget {
  steps: number;
}

/** Where groups begin and end: two entries each, -1 where a group took no part. */
export type Captures = readonly number[];

/** The first match at or after `from`. With `advance`, one at `from` itself has to take something. */
export function search(
  program: Program,
  text: readonly number[],
  budget: Budget,
  from = 0,
  advance = false,
): Captures | undefined {
  const seen = memory(program, text);
  const last = program.anchored ? 0 : text.length;
  for (let start = from; start <= last; start++) {
    const found = attempt(program, text, budget, 0, start, advance && start === from ? start : -1, seen, undefined);
    if (found) {
      found[0] = start;
      return found;
    }
  }
  return undefined;
}

/** All matches, as Python's `finditer` gives them. */
export function* searchAll(program: Program, text: readonly number[], budget: Budget): Generator<Captures> {
  let from = 0;
  let advance = false;
  for (;;) {
    const found = search(program, text, budget, from, advance);
    if (!found) return;
    yield found;
    const [start = 0, end = 0] = found;
    advance = end === start;
    from = end;
  }
}

function memory(program: Program, text: readonly number[]): Uint32Array | undefined {
  return program.memorable && program.forks > 0
    ? new Uint32Array(Math.ceil((program.forks * (text.length + 1)) / 32))
    : undefined;
}

/** Matches from one place of the program and the text on. `refused` is where a match may not end. */
function attempt(
  program: Program,
  text: readonly number[],
  budget: Budget,
  entry: number,
  start: number,
  refused: number,
  seen: Uint32Array | undefined,
  inherited: Captures | undefined,
): number[] | undefined {
  const { steps } = program;
  const slots = inherited ? [...inherited] : Array.from<number>({ length: program.slots }).fill(-1);
  // Pairs: a step and a place to go on from; or, with the step below zero, a slot and what it held.
  const pending: number[] = [];
  let at = entry;
  let place = start;
  const retreat = (): boolean => {
    for (;;) {
      const value = pending.pop();
      const step = pending.pop();
      if (value === undefined || step === undefined) return false;
      if (step >= 0) {
        at = step;
        place = value;
        return true;
      }
      slots[-1 - step] = value;
    }
  };
  const save = (slot: number, value: number): void => {
    pending.push(-1 - slot, slots[slot] ?? -1);
    slots[slot] = value;
  };
  for (;;) {
    if (--budget.steps < 0) throw tooMuch(); // M2
    const step = steps[at] as Step;
    let fine = true;
    switch (step.kind) {
      case "char":
        fine = place < text.length && step.test(text[place] as number);
        place++;
        at++;
        break;
      case "jump":
        at = step.to;
        break;
      case "save":
        save(step.slot, place);
        at++;
        break;
      case "fork":
        if (seen) {
          const bit = step.index * (text.length + 1) + place;
          const mask = 1 << (bit & 31);
          if ((seen[bit >>> 5] as number) & mask) {
            fine = false; // M1
            break;
          }
          seen[bit >>> 5] = (seen[bit >>> 5] as number) | mask;
        }
        pending.push(step.second, place);
        at = step.first;
        break;
      case "turn":
        at = slots[step.slot] === place ? step.out : step.again;
        break;
      case "at":
        fine = holds(step, text, place);
        at++;
        break;
      case "look": {
        const from = step.ahead ? place : place - step.width;
        const inside = from < 0 ? undefined : lookAround(program, text, budget, at + 1, from, slots);
        fine = (inside !== undefined) !== step.negative;
        if (inside && !step.negative) {
          inside.forEach((value, slot) => {
            if (slot > 1 && slots[slot] !== value) save(slot, value);
          });
        }
        at = step.next;
        break;
      }
      case "back": {
        const length = backReference(text, slots, step.group, place);
        fine = length >= 0;
        place += Math.max(0, length);
        at++;
        break;
      }
      case "match":
        if (place !== refused) {
          slots[1] = place;
          return slots;
        }
        fine = false;
        break;
      default:
        step satisfies never;
    }
    if (!fine && !retreat()) return undefined;
  }
}

function lookAround(
  program: Program,
  text: readonly number[],
  budget: Budget,
  entry: number,
  from: number,
  slots: Captures,
): number[] | undefined {
  // A memory of its own: what failed inside says nothing about what follows outside. Most need none.
  const simple = program.steps[entry]?.kind === "char" && program.steps[entry + 1]?.kind === "match";
  return attempt(program, text, budget, entry, from, -1, simple ? undefined : memory(program, text), slots);
}

function holds(step: Extract<Step, { kind: "at" }>, text: readonly number[], place: number): boolean {
  switch (step.where) {
    case "A":
      return place === 0;
    case "Z":
      return place === text.length;
    case "^":
      return place === 0 || (step.multiline && text[place - 1] === NEWLINE);
    case "$":
      return place === text.length || (text[place] === NEWLINE && (step.multiline || place === text.length - 1));
    case "b":
    case "B": {
      const edge = isWord(text[place - 1], step.ascii) !== isWord(text[place], step.ascii);
      return edge === (step.where === "b");
    }
    default:
      return step.where satisfies never;
  }
}

const NEWLINE = 10;

function isWord(code: number | undefined, ascii: boolean): boolean {
  if (code === undefined) return false;
  return (ascii ? /[A-Za-z0-9_]/ : /[\p{L}\p{N}_]/u).test(String.fromCodePoint(code));
}

/** Characters that a group's text takes here once more, or -1. */
function backReference(text: readonly number[], slots: Captures, group: number, place: number): number {
  const start = slots[group * 2] ?? -1;
  const end = slots[group * 2 + 1] ?? -1;
  if (start < 0 || end < start) return -1;
  for (let offset = 0; offset < end - start; offset++) {
    if (text[place + offset] !== text[start + offset]) return -1;
  }
  return end - start;
}

function tooMuch(): Invalid {
  return new Invalid("alias.too-much-work", {
    message:
      "Comparing this command with the formats of the aliases takes too long. Make it shorter; if short ones fail as well, a format has back-references or too many parameters.",
  });
}
