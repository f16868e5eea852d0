import { createRandom, type Random } from "../random.ts";
import { type Peer, PEERS } from "./cluster.ts";
import { ROLES, type Role } from "./members.ts";
import { type Cut, CUTS } from "./network.ts";
import { type Stop, STOPS } from "./postgres.ts";

/** `which` counts members of the role, or NATS nodes, from 0; who does the fault takes it modulo how many there are. */
export type Fault = { readonly offsetMs: number } & (
  | {
      readonly kind: "kill";
      readonly role: Role;
      readonly which: number;
      readonly group: boolean;
      readonly awayMs: number;
    }
  | { readonly kind: "stop"; readonly role: Role; readonly which: number }
  /** Every member of the role is stopped and started again, one after the other, as an upgrade does. */
  | { readonly kind: "rolling"; readonly role: Role }
  /** SIGSTOP, and SIGCONT after so long: `long` is beyond the time after which a silent member is evicted. */
  | { readonly kind: "pause"; readonly role: Role; readonly which: number; readonly forMs: number }
  | {
      readonly kind: "cut";
      readonly role: Role;
      readonly which: number;
      readonly peers: readonly Peer[];
      readonly how: Cut;
      readonly forMs: number;
    }
  /** The member's row is deleted under it: as if its lease had run out. */
  | { readonly kind: "expire"; readonly role: Role; readonly which: number }
  | { readonly kind: "postgres"; readonly how: Stop; readonly awayMs: number }
  /** Every connection to PostgreSQL is ended by it. */
  | { readonly kind: "connections" }
  | { readonly kind: "nats-node"; readonly which: number; readonly awayMs: number; readonly pause: boolean }
  | { readonly kind: "nats"; readonly awayMs: number }
);
export type FaultKind = Fault["kind"];

/** Faults that go on at the same time, each from its offset. The next round begins when all are healed. */
export interface Round {
  /** Nothing else happens: what recovers from it is timed. */
  readonly alone: boolean;
  readonly faults: readonly Fault[];
}

/** A member that says nothing for this long is evicted, and a second and a half may pass before it is seen. */
const LONG_MS = 8_000;

/** How often each kind is drawn before all are drawn again. */
const DECK: readonly FaultKind[] = [
  ...Array.from<FaultKind>({ length: 6 }).fill("kill"),
  ...Array.from<FaultKind>({ length: 2 }).fill("stop"),
  ...Array.from<FaultKind>({ length: 3 }).fill("pause"),
  ...Array.from<FaultKind>({ length: 4 }).fill("cut"),
  ...Array.from<FaultKind>({ length: 2 }).fill("expire"),
  ...Array.from<FaultKind>({ length: 2 }).fill("postgres"),
  "rolling",
  "connections",
  "nats-node",
  "nats",
];

/** The faults that a seed stands for, at least `count` of them. */
export function planOf(seed: number, count: number): Round[] {
  const random = createRandom(seed);
  const kinds = dealer(random, DECK);
  const dealers = {
    role: dealer(random, ROLES),
    // Workers hold what runs, so they are worth more pauses than the others.
    pauses: dealer<Role>(random, ["worker", "worker", "worker", "engine", "sources", "api"]),
    postgres: dealer(random, STOPS),
    cut: dealer(random, CUTS),
    lone: dealer<Role>(random, ["worker", "engine", "sources"]),
  };
  const rounds: Round[] = [];
  for (let faults = 0; faults < count; faults += rounds.at(-1)?.faults.length ?? 1) {
    const alone = rounds.length % 4 === 0;
    if (alone) {
      const role = dealers.lone();
      const lone: Fault = { kind: "kill", offsetMs: 0, role, which: random.whole(0, 9), group: true, awayMs: 0 };
      rounds.push({ alone, faults: [lone] });
      continue;
    }
    const size = Math.min(random.whole(4, 6), count - faults);
    rounds.push({ alone, faults: Array.from({ length: size }, () => faultOf(random, kinds(), dealers)) });
  }
  return rounds;
}

interface Dealers {
  readonly role: () => Role;
  readonly pauses: () => Role;
  readonly postgres: () => Stop;
  readonly cut: () => Cut;
}

function faultOf(random: Random, kind: FaultKind, deal: Dealers): Fault {
  const base = { offsetMs: random.whole(0, 3_000), which: random.whole(0, 9) };
  switch (kind) {
    case "kill":
      return { ...base, kind, role: deal.role(), group: random.chance(0.5), awayMs: random.whole(0, 6_000) };
    case "stop":
    case "rolling":
    case "expire":
      return { ...base, kind, role: deal.role() };
    case "pause":
      return { ...base, kind, role: deal.pauses(), forMs: random.chance(0.7) ? LONG_MS : random.whole(500, 4_000) };
    case "cut": {
      const peers = random.pick<readonly Peer[]>([["postgres"], ["nats"], PEERS]);
      const forMs = random.chance(0.5) ? LONG_MS : random.whole(300, 4_000);
      return { ...base, kind, role: deal.role(), peers, how: deal.cut(), forMs };
    }
    case "postgres":
      return { ...base, kind, how: deal.postgres(), awayMs: random.whole(0, 3_000) };
    case "connections":
      return { ...base, kind };
    case "nats-node":
      return { ...base, kind, awayMs: random.whole(500, 5_000), pause: random.chance(0.3) };
    case "nats":
      return { ...base, kind, awayMs: random.whole(1_000, 6_000) };
    default:
      return kind satisfies never;
  }
}

/** Deals all cards in random order, then all again: what is there is drawn soon, however few are drawn. */
function dealer<T>(random: Random, cards: readonly T[]): () => T {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = [...cards];
    return left.splice(random.whole(0, left.length - 1), 1)[0] as T;
  };
}
