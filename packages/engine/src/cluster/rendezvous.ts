import { createHash } from "node:crypto";

/** Workflows are spread over engines by these many shards: enough to be even, few enough to be asked for at once. */
export const SHARDS = 64;

/** The shard of a workflow's execution. */
export function shardOf(execution: string): number {
  // FNV-1a: ids of one second differ in their last digits alone.
  let hash = 0x811c9dc5;
  for (let at = 0; at < execution.length; at++) hash = Math.imul(hash ^ execution.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % SHARDS;
}

/**
 * Which member a name belongs to (rendezvous hashing): the same answer for everybody who knows the same members, and when
 * one of them goes, only what was its own moves. Undefined without members.
 */
export function ownerOf(name: string, members: readonly string[]): string | undefined {
  let best: string | undefined;
  let most = "";
  for (const member of members) {
    const weight = createHash("sha1").update(`${member}\0${name}`).digest("hex");
    if (weight > most || (weight === most && member < (best ?? ""))) {
      best = member;
      most = weight;
    }
  }
  return best;
}
