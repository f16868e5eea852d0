import type { Cluster } from "./cluster.ts";
import { killMember, memberOf } from "./faults.ts";
import type { Role } from "./members.ts";
import type { Watch } from "./watch.ts";

/** What became of a member that was killed while nothing else happened. Times are milliseconds from the kill. */
export interface Recovery {
  readonly member: string;
  readonly role: Role;
  readonly pid: number;
  /** Of the wall clock. */
  readonly at: number;
  readonly evictedMs: number;
  /** Until all its singletons were another present member's; undefined when it had none. */
  readonly movedMs?: number;
}

/** What the design promises, of an eviction and of the singletons that move with it. */
export const PROMISED_MS = 10_000;
/** Beyond the promise it is waited for so long, to say how long it takes. */
const PATIENCE_MS = 30_000;

/** Every member that runs has its row. */
export function allPresent(cluster: Cluster, watch: Watch): Promise<boolean> {
  return watch.until(
    ({ present }) => cluster.members.every((member) => present.has(member.lives.at(-1)?.pid ?? -1)),
    PATIENCE_MS,
  );
}

/** Kills a member with nothing else going on, and times what follows; then starts it again. */
export async function killAlone(
  cluster: Cluster,
  watch: Watch,
  role: Role,
  which: number,
): Promise<{ recovery?: Recovery; problems: string[] }> {
  const member = memberOf(cluster, role, which);
  const pid = member.lives.at(-1)?.pid ?? -1;
  let had: string[] = [];
  await watch.until(({ singletons }) => {
    had = [...singletons].filter(([, holder]) => holder === pid).map(([name]) => name);
    return true;
  }, PATIENCE_MS);
  const at = Date.now();
  const began = performance.now();
  await killMember(member, true);
  const since = () => Math.round(performance.now() - began);
  const isEvicted = await watch.until(({ present }) => !present.has(pid), PATIENCE_MS);
  const evictedMs = since();
  const isMoved = await watch.until(
    ({ present, singletons }) => had.every((name) => present.has(singletons.get(name) ?? -1)),
    PATIENCE_MS,
  );
  const movedMs = since();
  await member.start();
  const recovery = { member: member.name, role, pid, at, evictedMs, ...(had.length > 0 && { movedMs }) };
  const name = `${member.name}, killed alone,`;
  return {
    recovery,
    problems: [
      ...(isEvicted && evictedMs <= PROMISED_MS ? [] : [`${name} was evicted after ${evictedMs} ms: ${isEvicted}`]),
      ...(isMoved && movedMs <= PROMISED_MS
        ? []
        : [`${name} had its ${had.join()} moved after ${movedMs} ms: ${isMoved}`]),
    ],
  };
}
