import { createHash } from "node:crypto";

/** An id, of the shape all ids have, for what is built in: the same in every installation. */
export function stableId(uid: string): string {
  return createHash("sha256").update(uid).digest("hex").slice(0, 24);
}
