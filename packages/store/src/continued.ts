import { type Execution, isObject } from "@squall/model";

/** The execution from whose end this one goes on, or whose parameters it took over: its history may be read while this one lives. */
export function continuedBy({ context }: Pick<Execution, "context">): string | undefined {
  const again = context["re-run"];
  return isObject(again) && typeof again.ref === "string" ? again.ref : undefined;
}
