import type { Execution } from "@squall/model";
import type { Core } from "../core.ts";
import { type Aftermath, decideInternal, traceTagOf } from "../events/completion.ts";

export const INQUIRY_TRIGGER = "core.st2.generic.inquiry";

/** What follows when an execution begins to wait for an answer: the event by which people are told of the question. */
export async function afterAsking(core: Core, asking: Execution): Promise<Aftermath> {
  const payload = { id: asking.id, route: String(asking.result?.route ?? "") };
  const decision = await decideInternal(core, asking.project, INQUIRY_TRIGGER, payload, traceTagOf(asking));
  return decision ?? { drafts: [], changes: [] };
}
