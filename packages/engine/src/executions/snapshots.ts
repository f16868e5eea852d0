import {
  type Action,
  digestOf,
  type Rule,
  type RunnerType,
  type Snapshot,
  type Trigger,
  type TriggerType,
} from "@squall/model";
import type { Change, Store } from "@squall/store";

/** What a snapshot is made from. */
export interface Origin {
  readonly rule: Rule;
  readonly trigger: Trigger;
  readonly triggerType: TriggerType;
}

/**
 * Snapshots by digest. Hashing and storing one happens once per action (and rule), not once per execution.
 */
export interface Snapshots {
  digest(
    action: Action,
    runner: RunnerType,
    origin?: Origin,
    definition?: string,
    archive?: string,
  ): { readonly digest: string; readonly snapshot: Snapshot };
  /** The change that keeps a snapshot, unless it is known to be in the store. */
  keep(project: string, digest: string, snapshot: Snapshot): Change | undefined;
  /** A commit with `keep` in it went through. */
  kept(project: string, digest: string): void;
  /** From memory, else from the store. */
  load(project: string, digests: Iterable<string>): Promise<Map<string, Snapshot>>;
  /** With a definition that could not be read when it was made, if it can be now. */
  complete(project: string, snapshot: Snapshot): Snapshot | Promise<Snapshot>;
}

/** Snapshots in memory at once; each is a few kilobytes. */
const CACHED = 500;
/** Digests known to be stored; a forgotten one only costs a write that changes nothing. */
const KNOWN = 200_000;

export function createSnapshots(
  store: Pick<Store, "snapshots">,
  complete: (project: string, snapshot: Snapshot) => Snapshot | Promise<Snapshot>,
): Snapshots {
  type Made = {
    readonly runner: RunnerType;
    readonly trigger: Trigger | undefined;
    readonly definition: string | undefined;
    readonly archive: string | undefined;
    readonly digest: string;
    readonly snapshot: Snapshot;
  };
  const plain = new WeakMap<Action, Made>();
  const byRule = new WeakMap<Action, WeakMap<Rule, Made>>();
  const known = new Set<string>();
  const cache = new Map<string, Snapshot>();

  const remember = (key: string, snapshot: Snapshot) => {
    cache.delete(key);
    cache.set(key, snapshot);
    if (cache.size > CACHED) cache.delete(cache.keys().next().value as string);
  };

  return {
    complete,
    digest(action, runner, origin, definition, archive) {
      if (!origin) {
        const made = plain.get(action);
        if (made?.runner === runner && made.definition === definition && made.archive === archive) return made;
        const snapshot: Snapshot = { action, runner, ...codeOf(definition, archive) };
        const fresh = { runner, trigger: undefined, definition, archive, snapshot, digest: digestOf(snapshot) };
        plain.set(action, fresh);
        return fresh;
      }
      let rules = byRule.get(action);
      if (!rules) byRule.set(action, (rules = new WeakMap()));
      const made = rules.get(origin.rule);
      const isSame = made?.runner === runner && made.trigger === origin.trigger;
      if (isSame && made.definition === definition && made.archive === archive) return made;
      const snapshot: Snapshot = {
        action,
        runner,
        rule: origin.rule,
        trigger: origin.trigger,
        trigger_type: origin.triggerType,
        ...codeOf(definition, archive),
      };
      const fresh = { runner, trigger: origin.trigger, definition, archive, snapshot, digest: digestOf(snapshot) };
      rules.set(origin.rule, fresh);
      return fresh;
    },
    keep(project, digest, snapshot) {
      return known.has(`${project}\0${digest}`) ? undefined : { kind: "snapshot.keep", project, digest, snapshot };
    },
    kept(project, digest) {
      if (known.size >= KNOWN) known.clear();
      known.add(`${project}\0${digest}`);
    },
    async load(project, digests) {
      const found = new Map<string, Snapshot>();
      const missing: string[] = [];
      for (const digest of new Set(digests)) {
        const cached = cache.get(`${project}\0${digest}`);
        if (cached) found.set(digest, cached);
        else missing.push(digest);
      }
      if (missing.length > 0) {
        for (const [digest, stored] of await store.snapshots(project, missing)) {
          const snapshot = await complete(project, stored);
          found.set(digest, snapshot);
          remember(`${project}\0${digest}`, snapshot);
        }
      }
      return found;
    },
  };
}

function codeOf(definition: string | undefined, archive: string | undefined): Pick<Snapshot, "definition" | "archive"> {
  return { ...(definition !== undefined && { definition }), ...(archive !== undefined && { archive }) };
}
