import type { Condition } from "../starting/condition.ts";
import type { Reply } from "./route.ts";

/** Where a process says how it is, without sign-in. */
export const HEALTH_PATHS = ["/health", "/health/live", "/health/ready"] as const;
export type HealthPath = (typeof HEALTH_PATHS)[number];

/** What is answered there: 200 when all is well, else 503. */
export async function healthReply(condition: Condition, path: HealthPath): Promise<Reply> {
  const headers = { "Cache-Control": "no-store" };
  // That this runs is what is asked for.
  if (path === "/health/live") return { status: 200, headers, json: { ok: true, words: "alive" } };
  const { ready: ok, words, parts } = await condition.look();
  return { status: ok ? 200 : 503, headers, json: { ok, words, ...(path === "/health" && { parts }) } };
}
