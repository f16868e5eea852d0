import { DECRYPT, keyLookup } from "@squall/expressions";
import { isObject } from "@squall/model";
import { put } from "../orquesta/merge.ts";
import type { Env } from "../orquesta/program.ts";
import { tableGet } from "../table.ts";
import type { Chain } from "./definition.ts";
import type { ChainContext } from "./render.ts";
import type { ChainState } from "./state.ts";

/**
 * What the templates of a chain see (stackstorm-model 11 and 17.2): inputs, results by node and all of them under `__results`,
 * variables over both, the datastore. Only results that the templates' `text` may name are fetched.
 */
export function contextFor(
  chain: Chain,
  state: ChainState,
  env: Env,
  text: string,
  own?: { readonly name: string; readonly result: unknown },
): ChainContext {
  const results: Record<string, unknown> = {};
  const all = text.includes("__results");
  for (const name of Object.keys(state.ended)) {
    if (!chain.nodes.has(name) || (!all && !text.includes(name))) continue;
    put(results, name, name === own?.name ? own.result : resultOf(state, env, name));
  }
  const read = (scope: "system" | "user") => (name: string) => {
    const user = scope === "user" ? { user: userOf(state.context) } : {};
    const value = env.readKey?.({ scope, ...user, name, decrypt: false })?.value;
    return value === undefined ? undefined : String(value);
  };
  return {
    ...state.inputs,
    ...results,
    ...state.vars,
    __results: results,
    ...state.context,
    system: keyLookup(read("system")),
    st2kv: { system: keyLookup(read("system")), user: keyLookup(read("user")) },
    ...(env.decrypt && { [DECRYPT]: env.decrypt }),
  };
}

/** The result of the latest run of a node that has ended. */
function resultOf(state: ChainState, env: Env, name: string): unknown {
  const route = state.ended[name];
  if (route === undefined) return null;
  const run = tableGet(state.runs, route);
  if (run !== undefined && "result" in run) return run.result;
  return env.recordOf?.(name, route)?.result ?? null;
}

function userOf(context: Readonly<Record<string, unknown>>): string {
  const { action_context: about } = context;
  if (!isObject(about)) return "";
  return String(about.api_user ?? about.user ?? "");
}
