import assert from "node:assert/strict";
import fc from "fast-check";
import type { Change, Committed } from "../changes.ts";
import type { Store } from "../port.ts";
import { aKey, aTimer, T0 } from "./samples.ts";

/** Processes on the same data: several where the store takes that, else one. */
export type OpenStores = () => Promise<{ readonly stores: readonly Store[]; close(): Promise<void> }>;

/**
 * What guards promise (S2 to S4), in the simplest words: what is written under a name, and how often it was. `wrote` is the
 * number of the write, so that one that got lost under another is seen.
 */
type World = Readonly<Record<string, { readonly version: number; readonly wrote: number }>>;

type Step =
  | { readonly kind: "put"; readonly name: Name; readonly expect?: number; readonly wrote: number }
  | { readonly kind: "delete"; readonly name: Name; readonly expect?: number };
type Name = (typeof NAMES)[number];
const NAMES = ["key a", "key b", "timer a", "timer b"] as const;

/** `ok`, or why a list was refused, and at which of its changes. */
type Said = string;

interface Asked {
  readonly steps: readonly Step[];
  /** The process. */
  readonly on: number;
}

/** What a list says in a world, and the world after it: the same one when it is refused. */
function perform(world: World, steps: readonly Step[]): { readonly said: Said; readonly after: World } {
  let after = world;
  for (const [index, step] of steps.entries()) {
    const { [step.name]: found, ...others } = after;
    const isAbsent = found === undefined;
    if (step.kind === "delete" && isAbsent) return { said: `missing ${index}`, after: world };
    if (step.expect === 0 && !isAbsent) return { said: `exists ${index}`, after: world };
    if (step.expect !== undefined && step.expect > 0 && isAbsent) return { said: `missing ${index}`, after: world };
    if (step.expect !== undefined && step.expect !== (found?.version ?? 0)) {
      return { said: `stale ${index}`, after: world };
    }
    if (step.kind === "delete") after = others;
    else after = { ...others, [step.name]: { version: (found?.version ?? 0) + 1, wrote: step.wrote } };
  }
  return { said: "ok", after };
}

/** The worlds there can be after lists that were asked for at once: those of each process in their order (S4), else in any. */
function worldsAfter(world: World, asked: readonly Asked[], said: readonly Said[]): World[] {
  if (asked.length === 0) return [world];
  return asked.flatMap(({ steps, on }, index) => {
    if (asked.slice(0, index).some((earlier) => earlier.on === on)) return [];
    const next = perform(world, steps);
    if (next.said !== said[index]) return [];
    return worldsAfter(next.after, asked.toSpliced(index, 1), said.toSpliced(index, 1));
  });
}

/** Asks several lists of several processes at once; what they are told must be possible in some order, and what is there then too. */
class Round implements fc.AsyncCommand<{ world: World }, readonly Store[]> {
  readonly asked: readonly Asked[];
  constructor(asked: readonly Asked[]) {
    this.asked = asked;
  }
  check = () => true;
  async run(model: { world: World }, stores: readonly Store[]): Promise<void> {
    const asked = this.asked.map(({ steps, on }) => ({ steps, on: on % stores.length }));
    const said = await Promise.all(
      asked.map(async ({ steps, on }) => {
        const store = stores[on];
        assert.ok(store);
        return saidOf(await store.commit(steps.map(changeOf)));
      }),
    );
    const possible = worldsAfter(model.world, asked, said);
    const words = () => asked.map((one, index) => `${JSON.stringify(one)} -> ${said[index]}`).join("\n");
    assert.ok(possible.length > 0, `in no order can this be:\n${words()}\nafter ${JSON.stringify(model.world)}`);
    for (const store of stores) {
      const shown = await look(store);
      const found = possible.find((world) => textOf(world) === textOf(shown));
      assert.ok(
        found,
        `the store shows ${textOf(shown)}\nnot ${possible.map(textOf).join("\nnor ")}\nafter\n${words()}`,
      );
      model.world = found;
    }
  }
  toString = () => this.asked.map((one) => JSON.stringify(one)).join(" | ");
}

const expect = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
const name = fc.constantFrom(...NAMES);
const put = fc
  .record({ name, expect, wrote: fc.integer({ min: 1, max: 1_000_000 }) })
  .map((one): Step => ({ kind: "put", name: one.name, wrote: one.wrote, ...guarded(one.expect) }));
const remove = fc
  .record({ name, expect })
  .map((one): Step => ({ kind: "delete", name: one.name, ...(one.name.startsWith("key") && guarded(one.expect)) }));
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: put }, { weight: 1, arbitrary: remove }), {
  minLength: 1,
  maxLength: 3,
});
const rounds = fc
  .array(fc.record({ steps, on: fc.nat({ max: 2 }) }), { minLength: 1, maxLength: 6 })
  .map((asked) => new Round(asked));

/** Holds a store, empty in each run, to the reference. */
export async function holdsGuards(open: OpenStores, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands([rounds], { maxCommands: 30, size: "+1" }), async (commands) => {
      const { stores, close } = await open();
      try {
        await fc.asyncModelRun(() => ({ model: { world: {} }, real: stores }), commands);
      } finally {
        await close();
      }
    }),
    // What several processes do at once comes out otherwise the next time: there is nothing to look for that is shorter.
    { numRuns: runs, endOnFailure: true },
  );
}

function guarded(expected: number | undefined): { expect?: number } {
  return expected === undefined ? {} : { expect: expected };
}

function changeOf(step: Step): Change {
  const [what, id = ""] = step.name.split(" ");
  if (step.kind === "delete") {
    if (what === "timer") return { kind: "timer.delete", project: "default", trigger: id };
    const scope = "st2kv.system";
    return { kind: "key.delete", project: "default", scope, user: "", name: id, ...guarded(step.expect) };
  }
  if (what === "timer") return { kind: "timer.put", timer: aTimer(id, { last: step.wrote }), ...guarded(step.expect) };
  return { kind: "key.put", key: aKey(id, { value: String(step.wrote) }), ...guarded(step.expect) };
}

async function look(store: Store): Promise<World> {
  const found: [string, World[string]][] = [];
  for (const id of ["a", "b"]) {
    const key = await store.key("default", "st2kv.system", "", id, T0);
    if (key) found.push([`key ${id}`, { version: key.version, wrote: Number(key.value) }]);
  }
  for (const { trigger, version, last } of await store.timers("default")) {
    found.push([`timer ${trigger}`, { version, wrote: last }]);
  }
  return Object.fromEntries(found);
}

function saidOf(committed: Committed): Said {
  return committed.ok ? "ok" : `${committed.reason} ${committed.index}`;
}

const textOf = (world: World): string => JSON.stringify(Object.entries(world).toSorted(([a], [b]) => (a < b ? -1 : 1)));
