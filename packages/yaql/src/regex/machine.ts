/**
 * Runs a program over a text, with a stack of its own to go back to, so that neither a long text nor a bad pattern can
 * exhaust JavaScript's. Every instruction counts as a step of the evaluation: what takes forever is stopped.
 */
import { YaqlLimitError } from "../errors.ts";
import type { Run } from "../run.ts";
import { before, sameIgnoringCase } from "./characters.ts";
import type { Instruction, Program } from "./program.ts";

/** Instructions between two reports of steps; they are much cheaper than a step of the evaluator. */
const PER_STEP = 16;
const MAX_STACK = 6_000_000;
/** Marks on the stack, where the number of an instruction stands otherwise. */
const RESTORE = -1;
const SHRINK = -2;
const GROW = -3;

/** Tries to match at exactly this position; the slots hold the bounds of groups (-1 for none) when it did. */
export function matchAt(
  program: Program,
  text: string,
  start: number,
  slots: number[],
  run: Run,
  mayBeEmpty = true,
): boolean {
  const { instructions } = program;
  const stack: number[] = [];
  let budget = PER_STEP;

  /** Runs from an instruction to the next `match`; gives the position, or -1. Leaves its choices when it matched. */
  function execute(from: number, position: number, bottom: number, isWhole: boolean): number {
    let pc = from;
    let at = position;
    for (;;) {
      if (--budget === 0) {
        budget = PER_STEP;
        run.step();
        if (stack.length > MAX_STACK) throw new YaqlLimitError("limit", "The pattern remembers too many choices");
      }
      const instruction = instructions[pc] as Instruction;
      let failed = false;
      switch (instruction.op) {
        case "character":
          if (text.codePointAt(at) === instruction.codePoint) {
            at += instruction.codePoint > 0xffff ? 2 : 1;
            pc++;
          } else failed = true;
          break;
        case "set": {
          const c = text.codePointAt(at);
          if (c !== undefined && instruction.test(c)) {
            at += c > 0xffff ? 2 : 1;
            pc++;
          } else failed = true;
          break;
        }
        case "run": {
          const low = consume(instruction, at, instruction.min);
          if (low < 0) failed = true;
          else if (instruction.mode === "lazy") {
            if (instruction.max > instruction.min) stack.push(pc, low, instruction.max - instruction.min, GROW);
            at = low;
            pc++;
          } else {
            at = consumeUpTo(instruction, low, instruction.max - instruction.min);
            if (at > low && instruction.mode === "greedy") stack.push(pc, low, at, SHRINK);
            pc++;
          }
          break;
        }
        case "split":
          stack.push(at, 0, instruction.second);
          pc = instruction.first;
          break;
        case "jump":
          pc = instruction.to;
          break;
        case "save":
          stack.push(instruction.slot, slots[instruction.slot] ?? -1, RESTORE);
          slots[instruction.slot] = at;
          pc++;
          break;
        case "assert":
          if (instruction.holds(text, at)) pc++;
          else failed = true;
          break;
        case "reference": {
          const end = matchReference(instruction, at);
          if (end < 0) failed = true;
          else {
            at = end;
            pc++;
          }
          break;
        }
        case "condition":
          pc = (slots[2 * instruction.index + 1] ?? -1) >= 0 ? pc + 1 : instruction.no;
          break;
        case "look": {
          const found = look(instruction, pc, at);
          if (found === instruction.negative) failed = true;
          else pc = instruction.end;
          break;
        }
        case "atomic": {
          const end = inner(pc + 1, at);
          if (end < 0) failed = true;
          else {
            at = end;
            pc = instruction.end;
          }
          break;
        }
        case "enter":
          stack.push(instruction.register, slots[instruction.register] ?? -1, RESTORE);
          stack.push(instruction.register + 1, slots[instruction.register + 1] ?? -1, RESTORE);
          slots[instruction.register] = -1;
          slots[instruction.register + 1] = -1;
          pc++;
          break;
        case "loop": {
          const { register, min, max, lazy, exit } = instruction;
          const count = (slots[register] ?? -1) + 1;
          const isEmptyRound = count > 0 && slots[register + 1] === at && count >= min;
          if (count >= min && (count >= max || isEmptyRound)) {
            pc = exit;
            break;
          }
          if (count >= min && lazy) {
            // Going round once more is what is left for later: the registers are set then.
            stack.push(at, count, -10 - pc);
            pc = exit;
            break;
          }
          if (count >= min) stack.push(at, 0, exit);
          stack.push(register, slots[register] ?? -1, RESTORE);
          stack.push(register + 1, slots[register + 1] ?? -1, RESTORE);
          slots[register] = count;
          slots[register + 1] = at;
          pc++;
          break;
        }
        case "match":
          if (!isWhole || mayBeEmpty || at !== start) return at;
          failed = true;
      }
      if (!failed) continue;
      // Back to the last choice.
      for (;;) {
        if (stack.length === bottom) return -1;
        const mark = stack.pop() as number;
        if (mark === RESTORE) {
          const value = stack.pop() as number;
          slots[stack.pop() as number] = value;
          continue;
        }
        if (mark === SHRINK) {
          const high = stack.pop() as number;
          const low = stack.pop() as number;
          const target = stack.pop() as number;
          at = before(text, high);
          if (at > low) stack.push(target, low, at, SHRINK);
          pc = target + 1;
        } else if (mark === GROW) {
          const left = stack.pop() as number;
          const position2 = stack.pop() as number;
          const target = stack.pop() as number;
          const next = consume(instructions[target] as RunInstruction, position2, 1);
          if (next < 0) continue;
          if (left > 1) stack.push(target, next, left - 1, GROW);
          at = next;
          pc = target + 1;
        } else if (mark <= -10) {
          const count = stack.pop() as number;
          at = stack.pop() as number;
          pc = -10 - mark;
          const { register } = instructions[pc] as Extract<Instruction, { op: "loop" }>;
          stack.push(register, slots[register] ?? -1, RESTORE);
          stack.push(register + 1, slots[register + 1] ?? -1, RESTORE);
          slots[register] = count;
          slots[register + 1] = at;
          pc++;
        } else {
          stack.pop();
          at = stack.pop() as number;
          pc = mark;
        }
        break;
      }
    }
  }

  type RunInstruction = Extract<Instruction, { op: "run" }>;

  /** Exactly so many characters; -1 when there are not. */
  function consume({ test }: RunInstruction, from: number, count: number): number {
    let at = from;
    for (let i = 0; i < count; i++) {
      const c = text.codePointAt(at);
      if (c === undefined || !test(c)) return -1;
      at += c > 0xffff ? 2 : 1;
    }
    return at;
  }

  function consumeUpTo({ test }: RunInstruction, from: number, count: number): number {
    let at = from;
    for (let i = 0; i < count; i++) {
      const c = text.codePointAt(at);
      if (c === undefined || !test(c)) break;
      at += c > 0xffff ? 2 : 1;
    }
    run.step(Math.ceil((at - from) / 16));
    return at;
  }

  function matchReference({ index, ignoreCase }: Extract<Instruction, { op: "reference" }>, from: number): number {
    const [low = -1, high = -1] = [slots[2 * index], slots[2 * index + 1]];
    if (low < 0 || high < 0) return -1;
    const wanted = text.slice(low, high);
    run.step(Math.ceil(wanted.length / 64));
    if (!ignoreCase) return text.startsWith(wanted, from) ? from + wanted.length : -1;
    let at = from;
    for (const char of wanted) {
      const c = text.codePointAt(at);
      if (c === undefined || !sameIgnoringCase(c, char.codePointAt(0) ?? 0)) return -1;
      at += c > 0xffff ? 2 : 1;
    }
    return at;
  }

  /** A part that is matched for itself: once it did, it is not gone back into, but its groups can be undone. */
  function inner(from: number, position: number): number {
    const bottom = stack.length;
    const end = execute(from, position, bottom, false);
    if (end >= 0) keepRestores(bottom);
    return end;
  }

  function keepRestores(bottom: number): void {
    const kept: number[] = [];
    while (stack.length > bottom) {
      const mark = stack.pop() as number;
      if (mark === RESTORE) {
        const value = stack.pop() as number;
        kept.push(RESTORE, value, stack.pop() as number);
      } else if (mark === SHRINK || mark === GROW) stack.length -= 3;
      else stack.length -= 2;
    }
    for (let i = kept.length - 1; i >= 0; i--) stack.push(kept[i] as number);
  }

  function look(instruction: Extract<Instruction, { op: "look" }>, pc: number, position: number): boolean {
    let from = position;
    for (let i = 0; i < (instruction.behind ?? 0); i++) {
      if (from === 0) return false;
      from = before(text, from);
    }
    const bottom = stack.length;
    const end = execute(pc + 1, from, bottom, false);
    if (end < 0) return false;
    if (!instruction.negative) {
      keepRestores(bottom);
      return true;
    }
    // What a negative one captured is forgotten.
    while (stack.length > bottom) {
      const mark = stack.pop() as number;
      if (mark === RESTORE) {
        const value = stack.pop() as number;
        slots[stack.pop() as number] = value;
      } else if (mark === SHRINK || mark === GROW) stack.length -= 3;
      else stack.length -= 2;
    }
    return true;
  }

  slots.fill(-1);
  slots[0] = start;
  const end = execute(0, start, stack.length, true);
  if (end < 0) return false;
  slots[1] = end;
  return true;
}
