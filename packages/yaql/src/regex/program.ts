/** A pattern as instructions of a small backtracking machine. */
import { ignoringCase, sameIgnoringCase } from "./characters.ts";
import type { Assertion, CharacterTest, RegexNode } from "./syntax.ts";
import { YaqlLimitError } from "../errors.ts";

export type Instruction =
  | { readonly op: "character"; readonly codePoint: number }
  | { readonly op: "set"; readonly test: CharacterTest }
  /** Characters of one kind, many at once. */
  | {
      readonly op: "run";
      readonly test: CharacterTest;
      readonly min: number;
      readonly max: number;
      readonly mode: "greedy" | "lazy" | "possessive";
    }
  | { readonly op: "split"; readonly first: number; readonly second: number }
  | { readonly op: "jump"; readonly to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "assert"; readonly holds: Assertion }
  | { readonly op: "look"; readonly behind: number | null; readonly negative: boolean; readonly end: number }
  | { readonly op: "atomic"; readonly end: number }
  | { readonly op: "reference"; readonly index: number; readonly ignoreCase: boolean }
  | { readonly op: "condition"; readonly index: number; readonly no: number }
  /** A counted loop: how often its body ran is in one register, where it last began in the next. */
  | { readonly op: "enter"; readonly register: number }
  | {
      readonly op: "loop";
      readonly register: number;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
      readonly exit: number;
    }
  | { readonly op: "match" };

export interface Program {
  readonly instructions: readonly Instruction[];
  /** Group bounds first, then the registers of loops. */
  readonly slots: number;
}

const MAX_INSTRUCTIONS = 20_000;

/** The machine's program for a pattern with so many groups. */
export function assembleRegex(root: RegexNode, groups: number): Program {
  const code: Instruction[] = [];
  let slots = 2 * (groups + 1);
  const emit = (instruction: Instruction): number => {
    if (code.length >= MAX_INSTRUCTIONS) throw new YaqlLimitError("limit", "The pattern is too long");
    return code.push(instruction) - 1;
  };
  const patch = (at: number, instruction: Instruction) => {
    code[at] = instruction;
  };

  function single(node: RegexNode): CharacterTest | undefined {
    if (node.kind === "set") return node.test;
    if (node.kind !== "character") return undefined;
    const { codePoint } = node;
    const test: CharacterTest = (c) => c === codePoint;
    return node.ignoreCase ? (c) => sameIgnoringCase(c, codePoint) : test;
  }

  function add(node: RegexNode): void {
    switch (node.kind) {
      case "character": {
        const { codePoint } = node;
        if (node.ignoreCase) emit({ op: "set", test: ignoringCase((c) => sameIgnoringCase(c, codePoint)) });
        else emit({ op: "character", codePoint });
        return;
      }
      case "set":
        emit({ op: "set", test: node.test });
        return;
      case "sequence":
        for (const item of node.items) add(item);
        return;
      case "assertion":
        emit({ op: "assert", holds: node.holds });
        return;
      case "reference":
        emit({ op: "reference", index: node.index, ignoreCase: node.ignoreCase });
        return;
      case "group":
        emit({ op: "save", slot: 2 * node.index });
        add(node.body);
        emit({ op: "save", slot: 2 * node.index + 1 });
        return;
      case "alternatives":
        addAlternatives(node.options);
        return;
      case "look": {
        const at = emit({ op: "match" });
        add(node.body);
        emit({ op: "match" });
        patch(at, { op: "look", behind: node.behind, negative: node.negative, end: code.length });
        return;
      }
      case "atomic":
        addAtomic(() => add(node.body));
        return;
      case "condition": {
        const at = emit({ op: "match" });
        add(node.yes);
        const skip = emit({ op: "match" });
        patch(at, { op: "condition", index: node.index, no: code.length });
        add(node.no);
        patch(skip, { op: "jump", to: code.length });
        return;
      }
      case "repeat":
        addRepeat(node);
    }
  }

  function addAtomic(body: () => void): void {
    const at = emit({ op: "match" });
    body();
    emit({ op: "match" });
    patch(at, { op: "atomic", end: code.length });
  }

  function addAlternatives(options: readonly RegexNode[]): void {
    const jumps: number[] = [];
    for (const [i, option] of options.entries()) {
      if (i === options.length - 1) {
        add(option);
        continue;
      }
      const at = emit({ op: "match" });
      add(option);
      jumps.push(emit({ op: "match" }));
      patch(at, { op: "split", first: at + 1, second: code.length });
    }
    for (const at of jumps) patch(at, { op: "jump", to: code.length });
  }

  function addRepeat(node: Extract<RegexNode, { kind: "repeat" }>): void {
    const { body, min, max, mode } = node;
    const test = single(body);
    if (test !== undefined) {
      emit({ op: "run", test, min, max, mode });
      return;
    }
    if (mode === "possessive") {
      addAtomic(() => addRepeat({ ...node, mode: "greedy" }));
      return;
    }
    const register = slots;
    slots += 2;
    emit({ op: "enter", register });
    const at = emit({ op: "match" });
    add(body);
    emit({ op: "jump", to: at });
    patch(at, { op: "loop", register, min, max, lazy: mode === "lazy", exit: code.length });
  }

  add(root);
  emit({ op: "match" });
  return { instructions: code, slots };
}
