import { Invalid } from "@squall/model";
import { translatePythonRegex } from "../../rules/python-regex-syntax.ts";
import { type CharTest, type Node, type Pattern, type Place, widthOf } from "./parse.ts";

/** What the matcher does at one place of a program. */
export type Step =
  | { readonly kind: "char"; readonly test: (code: number) => boolean }
  /** Goes on at `first`, and if that fails at `second`. `index` numbers the forks of a program. */
  | { readonly kind: "fork"; first: number; second: number; readonly index: number }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "save"; readonly slot: number }
  /** Ends a turn of a loop: again at `again`, unless the turn that began at what `slot` holds took nothing. */
  | { readonly kind: "turn"; readonly slot: number; readonly again: number; out: number }
  | { readonly kind: "at"; readonly where: Place; readonly multiline: boolean; readonly ascii: boolean }
  | { readonly kind: "look"; readonly ahead: boolean; readonly negative: boolean; readonly width: number; next: number }
  | { readonly kind: "back"; readonly group: number }
  | { readonly kind: "match" };

export interface Program {
  readonly steps: readonly Step[];
  readonly forks: number;
  /** Of groups, the whole match among them. */
  readonly groups: number;
  /** Slots of groups (two each), then of loops. */
  readonly slots: number;
  readonly names: ReadonlyMap<string, number>;
  /** What a fork leads to depends on where it stands alone. */
  readonly memorable: boolean;
  /** It can match at the start of a text only. */
  readonly anchored: boolean;
}

/** `x{1000}` is a thousand times x; more than this is no format of a command. */
const MAX_STEPS = 5_000;

/** Compiles a pattern for `run.ts`. Throws Invalid `alias.format-invalid` when it becomes too long. */
export function compilePattern(pattern: Pattern): Program {
  const steps: Step[] = [];
  const tests = new Map<string, (code: number) => boolean>();
  let forks = 0;
  let slots = pattern.groups * 2;

  function add<S extends Step>(step: S): S {
    if (steps.length >= MAX_STEPS) {
      throw new Invalid("alias.format-invalid", {
        message: `A format is too long: with its repetitions written out it has more than ${MAX_STEPS} steps. Use smaller repetition counts.`,
      });
    }
    steps.push(step);
    return step;
  }

  const fork = (): Extract<Step, { kind: "fork" }> =>
    add<Extract<Step, { kind: "fork" }>>({ kind: "fork", first: 0, second: 0, index: forks++ });

  function emit(node: Node): void {
    switch (node.kind) {
      case "char":
        add({ kind: "char", test: testOf(node.test, tests) });
        return;
      case "sequence":
        for (const item of node.items) emit(item);
        return;
      case "choice":
        emitChoice(node.branches);
        return;
      case "group":
        add({ kind: "save", slot: node.index * 2 });
        emit(node.body);
        add({ kind: "save", slot: node.index * 2 + 1 });
        return;
      case "repeat":
        emitRepeat(node);
        return;
      case "at":
        add(node);
        return;
      case "look": {
        const { ahead, negative } = node;
        const look = add<Extract<Step, { kind: "look" }>>({
          kind: "look",
          ahead,
          negative,
          width: widthOf(node.body) ?? 0,
          next: 0,
        });
        emit(node.body);
        add({ kind: "match" });
        look.next = steps.length;
        return;
      }
      case "back":
        add({ kind: "back", group: node.index });
        return;
      default:
        node satisfies never;
    }
  }

  function emitChoice(branches: readonly Node[]): void {
    const ends: Extract<Step, { kind: "jump" }>[] = [];
    branches.forEach((branch, index) => {
      if (index === branches.length - 1) return emit(branch);
      const choice = fork();
      choice.first = steps.length;
      emit(branch);
      ends.push(add({ kind: "jump", to: 0 }));
      choice.second = steps.length;
    });
    for (const end of ends) end.to = steps.length;
  }

  function emitRepeat({ body, min, max, lazy }: Extract<Node, { kind: "repeat" }>): void {
    const aim = (one: Extract<Step, { kind: "fork" }>, inside: number, out: number) => {
      one.first = lazy ? out : inside;
      one.second = lazy ? inside : out;
    };
    for (let turn = 0; turn < min; turn++) emit(body);
    if (max === Number.POSITIVE_INFINITY) {
      const loop = steps.length;
      const choice = fork();
      const slot = slots++;
      add({ kind: "save", slot });
      emit(body);
      const turn = add<Extract<Step, { kind: "turn" }>>({ kind: "turn", slot, again: loop, out: 0 });
      turn.out = steps.length;
      aim(choice, loop + 1, steps.length);
      return;
    }
    const choices: Extract<Step, { kind: "fork" }>[] = [];
    const begins: number[] = [];
    for (let turn = min; turn < max; turn++) {
      choices.push(fork());
      begins.push(steps.length);
      emit(body);
    }
    choices.forEach((choice, index) => aim(choice, begins[index] ?? 0, steps.length));
  }

  emit(pattern.tree);
  add({ kind: "match" });
  const first = steps[0];
  // A choice, or what may be left out, begins with a fork.
  const anchored = first?.kind === "at" && ((first.where === "^" && !first.multiline) || first.where === "A");
  return {
    steps,
    forks,
    groups: pattern.groups,
    slots,
    names: pattern.names,
    memorable: !pattern.backReferences,
    anchored,
  };
}

function testOf(test: CharTest, known: Map<string, (code: number) => boolean>): (code: number) => boolean {
  if ("code" in test) {
    const { code } = test;
    return (other) => other === code;
  }
  const key = `${test.ignoreCase} ${test.ascii} ${test.source}`;
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = classTest(test)));
  return found;
}

/** Decides by a JavaScript regular expression, of which each ASCII character is asked once. */
function classTest(test: Extract<CharTest, { source: string }>): (code: number) => boolean {
  if (test.source === "[\\s\\S]") return () => true;
  const { source } = translatePythonRegex((test.ascii ? "(?a)" : "") + test.source, "native", {});
  const regex = new RegExp(`^(?:${source})$`, test.ignoreCase ? "ui" : "u");
  const ascii = new Map<number, boolean>();
  return (code) => {
    if (code > 127) return regex.test(String.fromCodePoint(code));
    let found = ascii.get(code);
    if (found === undefined) ascii.set(code, (found = regex.test(String.fromCharCode(code))));
    return found;
  };
}
