import { claimed, type Operation, perform, type Said, waiting, type World } from "./reference.ts";

export interface Happened {
  readonly operation: Operation;
  readonly said: Said;
}

/**
 * The worlds that can be after operations that went on at the same time, given what each was told: those of every order in
 * which they may have happened one after the other. None: what the store said cannot be.
 */
export function worldsAfter(worlds: readonly World[], happened: readonly Happened[]): World[] {
  const after = new Map<string, World>();
  for (const order of orders(happened)) {
    let found = [...worlds];
    for (const one of order) found = found.flatMap((world) => accept(world, one, happened.length > 1));
    for (const world of found) after.set(textOf(world), world);
  }
  return [...after.values()];
}

/**
 * A claim may pass over what another operation has its hands on at the same time, and take what comes after it; alone it
 * takes exactly what is next.
 */
function accept(world: World, { operation, said }: Happened, isBusy: boolean): World[] {
  if (operation.kind !== "claim" || !isBusy) {
    const { said: expected, after } = perform(world, operation);
    return expected === said ? [after] : [];
  }
  const ids = said === "" ? [] : said.split(",");
  const inOrder = waiting(world, operation.worker).filter((id) => ids.includes(id));
  const isPossible = ids.length <= operation.limit && ids.join() === inOrder.join();
  return isPossible ? [claimed(world, ids, operation.worker)] : [];
}

/** The same text for equal worlds, whatever order their keys came in. */
export function textOf(world: World): string {
  const sorted = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({
    members: sorted(world.members),
    singletons: sorted(world.singletons),
    executions: sorted(world.executions),
    steps: sorted(world.steps),
    told: world.told,
  });
}

function orders<T>(all: readonly T[]): T[][] {
  if (all.length <= 1) return [[...all]];
  return all.flatMap((first, index) => orders(all.toSpliced(index, 1)).map((rest) => [first, ...rest]));
}
