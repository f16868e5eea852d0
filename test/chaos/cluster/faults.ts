import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import type { Member, Role } from "./members.ts";
import type { Fault } from "./plan.ts";
import { run } from "./postgres.ts";

/** How long a stop in order may take: what runs takes two seconds at most. */
const STOP_MS = 30_000;

/**
 * Does a fault and heals it. Faults of a round may meet: what one has stopped another may start, so each leaves what it
 * touched running. Answers what did not go as it should have.
 */
export async function doFault(cluster: Cluster, fault: Fault): Promise<string[]> {
  await delay(fault.offsetMs);
  switch (fault.kind) {
    case "kill": {
      const member = memberOf(cluster, fault.role, fault.which);
      await killMember(member, fault.group);
      await delay(fault.awayMs);
      await member.start();
      return [];
    }
    case "stop":
      return stopMember(memberOf(cluster, fault.role, fault.which));
    case "rolling": {
      const problems: string[] = [];
      for (const member of cluster.members.filter((one) => one.role === fault.role)) {
        problems.push(...(await stopMember(member)));
      }
      return problems;
    }
    case "pause": {
      const member = memberOf(cluster, fault.role, fault.which);
      const program = await member.start();
      hurt(member, "paused");
      program.signal("SIGSTOP");
      await delay(fault.forMs);
      program.signal("SIGCONT");
      return [];
    }
    case "cut": {
      const member = memberOf(cluster, fault.role, fault.which);
      for (const peer of fault.peers) {
        hurt(member, `cut from ${peer}`);
        await cluster.cut(member, peer, fault.how);
      }
      await delay(fault.forMs);
      for (const peer of fault.peers) await cluster.heal(member, peer);
      hurt(member, "healed");
      return [];
    }
    case "expire": {
      const member = memberOf(cluster, fault.role, fault.which);
      const program = await member.start();
      hurt(member, "its row was removed");
      await run(cluster.postgres.adminUrl, "delete from member where (body::jsonb ->> 'pid')::int = $1", [
        program.pid,
      ]).catch(away);
      return [];
    }
    case "postgres":
      return exclusively(cluster.postgres, async () => {
        await cluster.postgres.stop(fault.how);
        await delay(fault.awayMs);
        await cluster.postgres.start();
        return [];
      });
    case "connections":
      await run(
        cluster.postgres.adminUrl,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'squall%'",
      ).catch(away);
      return [];
    case "nats-node": {
      const node = cluster.nats[fault.which % Math.max(1, cluster.nats.length)];
      if (!node) return [];
      return exclusively(node, async () => {
        if (fault.pause) node.signal("SIGSTOP");
        else await node.kill();
        await delay(fault.awayMs);
        if (fault.pause) node.signal("SIGCONT");
        else await node.start();
        return [];
      });
    }
    case "nats":
      await Promise.all(
        cluster.nats.map((node) =>
          exclusively(node, async () => {
            await node.kill();
            await delay(fault.awayMs);
            await node.start();
            return [];
          }),
        ),
      );
      return [];
    default:
      return fault satisfies never;
  }
}

export function memberOf(cluster: Cluster, role: Role, which: number): Member {
  const all = cluster.members.filter((one) => one.role === role || one.role === "all");
  const member = all[which % all.length];
  if (!member) throw new Error(`the cluster has no ${role}`);
  return member;
}

/** Kills the member at once. Answers the process id. */
export async function killMember(member: Member, group: boolean): Promise<number> {
  const program = await member.start();
  member.doom("killed");
  // A paused process dies of SIGKILL as well.
  program.signal("SIGKILL", group ? "group" : undefined);
  await program.ended;
  return program.pid;
}

/** SIGTERM, and a new start when it has ended: a step of a rolling upgrade. */
export async function stopMember(member: Member, again: "again" | "for good" = "again"): Promise<string[]> {
  const program = await member.start();
  if (program.hasEnded) return [];
  member.doom("stopped");
  program.signal("SIGTERM");
  const late = new AbortController();
  const end = await Promise.race([
    program.ended,
    delay(STOP_MS, undefined, { signal: late.signal }).catch(() => undefined), // it ended in time
  ]);
  late.abort();
  if (!end) {
    program.signal("SIGKILL", "group");
    await program.ended;
  }
  if (again === "again") await member.start();
  return end ? [] : [`${member.name} did not stop within ${STOP_MS} ms of SIGTERM:\n${program.output().slice(-2_000)}`];
}

function hurt(member: Member, why: string): void {
  member.lives.at(-1)?.hurts.push({ at: Date.now(), why });
}

/** The database was away, by another fault: then this one does nothing. */
function away(): void {}

const turns = new WeakMap<object, Promise<unknown>>();

/** Two faults that stop and start the same thing follow one another. */
async function exclusively<T>(thing: object, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(thing) ?? Promise.resolve()).then(work);
  turns.set(
    thing,
    turn.catch(() => undefined), // whoever asked hears of it
  );
  return turn;
}
