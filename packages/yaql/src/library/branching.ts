/** Choosing, and evaluating no more than what was chosen. */
import { isTruthy } from "../equality.ts";
import { pullFrom } from "../iteration.ts";
import { Iter } from "../values.ts";
import type { Lambda, LazyPair } from "../lambda.ts";
import type { FunctionDefinition } from "../signature.ts";
import { fn, method, withPairs } from "./define.ts";

function* indexesOf(cases: readonly Lambda[]): Generator<number> {
  for (const [i, test] of cases.entries()) if (isTruthy(test.call0())) yield i;
}

function* outcomesOf(cases: readonly Lambda[]): Generator<boolean> {
  for (const test of cases) yield isTruthy(test.call0());
}

export const BRANCHING: readonly FunctionDefinition[] = [
  withPairs(
    fn("switch(*cases: lazyPair)", (_context, cases: readonly LazyPair[]) => {
      for (const { key, value } of cases) if (isTruthy(key.call0())) return value.call0();
      return null;
    }),
  ),
  fn("selectCase(*cases: lambda)", (_context, cases: readonly Lambda[]) => {
    const index = cases.findIndex((test) => isTruthy(test.call0()));
    return index < 0 ? cases.length : index;
  }),
  fn("selectAllCases(*cases: lambda)", (_context, cases) => new Iter(pullFrom(indexesOf(cases)))),
  fn("examine(*cases: lambda)", (_context, cases) => new Iter(pullFrom(outcomesOf(cases)))),
  method("switchCase(case: int, *cases: lambda)", (_context, chosen, cases: readonly Lambda[]) => {
    const index = Number(chosen);
    if (index >= 0 && index < cases.length) return cases[index]?.call0();
    return cases.at(-1)?.call0() ?? null;
  }),
  fn("coalesce(*values: lambda)", (_context, values: readonly Lambda[]) => {
    for (const value of values) {
      const result = value.call0();
      if (result !== null) return result;
    }
    return null;
  }),
];
