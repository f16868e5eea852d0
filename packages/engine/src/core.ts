import type { Context } from "@squall/expressions";
import type { Action, JsonObject, ResourceKind, RunnerType, Trigger } from "@squall/model";
import type { Runner } from "@squall/runners";
import type { Change } from "@squall/store";
import type { Cluster } from "./cluster/cluster.ts";
import type { Code } from "./code/code.ts";
import type { Shelves, Stored } from "./content/shelves.ts";
import type { Backlog } from "./executions/backlog.ts";
import type { Lanes } from "./executions/lanes.ts";
import type { Snapshots } from "./executions/snapshots.ts";
import type { KeyContext } from "./keys/lookup.ts";
import type { ParameterPlan } from "./parameters/plan.ts";
import type { EngineParts } from "./parts.ts";
import type { Census } from "./workflows/census.ts";
import type { Definitions } from "./workflows/definitions.ts";
import type { RuleIndex } from "./rules/index.ts";

/** What the parts of the engine share. Made once, in `createEngine`. */
export interface Core {
  readonly parts: EngineParts;
  readonly shelves: Shelves;
  /** A resource; where others write content too and it is not known here, the store is asked before it is said to be missing. */
  find<K extends ResourceKind>(project: string, kind: K, refOrId: string): Promise<Stored<K> | undefined>;
  /** Reads the content that others wrote meanwhile. */
  catchUp(): Promise<void>;
  /** Enabled rules, by project and trigger. */
  rules(project: string): RuleIndex;
  /** Webhook triggers by normalised url. */
  webhooks(project: string, url: string): readonly Trigger[];
  readonly plans: (action: Action, runner: RunnerType) => ParameterPlan;
  readonly snapshots: Snapshots;
  readonly lanes: Lanes;
  readonly backlog: Backlog;
  readonly cluster: Cluster;
  readonly census: Census;
  readonly definitions: Definitions;
  readonly code: Code;
  readonly runners: ReadonlyMap<string, Runner>;
  /** A pack's configuration with its dynamic values rendered; `{}` for packs without. */
  configOf(project: string, pack: string, user: string, keys: KeyContext): JsonObject;
}

/** The template context of an action's parameters (StackStorm's table of namespaces, column "Action params"). */
export function parameterContext(
  core: Core,
  about: { project: string; pack: string; user: string; context: JsonObject; keys: KeyContext },
  more: Context = {},
): Context {
  const { api_user: named, api_user_claimed: claimed } = about.context;
  // Whoever only claims to speak for a user (a bot for people in its chat) does not open that user's keys.
  const keyUser = typeof named === "string" && named !== "" && claimed !== true ? named : about.user;
  return {
    ...about.keys(keyUser),
    action_context: about.context,
    config_context: core.configOf(about.project, about.pack, about.user, about.keys),
    ...more,
  };
}

/** Changes that belong together, and what to do once they are durable. */
export interface Prepared {
  readonly changes: readonly Change[];
  committed(): void;
  /** The commit did not happen: gives back what was taken for it. */
  refused(): void;
}
