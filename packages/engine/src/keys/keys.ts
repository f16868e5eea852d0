import { Conflict, formatMicros, Invalid, type JsonObject, type Key, NotFound } from "@squall/model";
import type { Core } from "../core.ts";
import type { KeyDraft, Keys } from "../engine.ts";
import { decideInternal } from "../events/completion.ts";
import type { Decision } from "../events/decide.ts";
import type { Dispatch } from "../executions/dispatch.ts";

const CREATED = "core.st2.key_value_pair.create";
const UPDATED = "core.st2.key_value_pair.update";
const CHANGED = "core.st2.key_value_pair.value_change";
const DELETED = "core.st2.key_value_pair.delete";

const MAX_NAME = 512;
/** A value larger than this belongs in an object store; keys are read whole into templates. */
const MAX_VALUE_BYTES = 1024 * 1024;

/** The datastore: a write and the events that it causes are one commit. */
export function createKeys(core: Core, dispatch: Dispatch): Keys {
  const { parts } = core;
  const { store, vault } = parts;

  const shown = (key: Key, decrypt: boolean | undefined): Key =>
    decrypt && key.secret ? { ...key, value: vault.open(key.value, "key") } : key;

  const write = async (
    project: string,
    changes: Parameters<Dispatch["commit"]>[1],
    events: readonly [string, JsonObject][],
  ) => {
    const decisions: Decision[] = [];
    for (const [trigger, payload] of events) {
      const decision = await decideInternal(core, project, trigger, payload);
      if (decision) decisions.push(decision);
    }
    const drafts = decisions.flatMap((one) => one.drafts);
    return dispatch.commit(drafts, [...changes, ...decisions.flatMap((one) => one.changes)]);
  };

  const set = async (project: string, draft: KeyDraft): Promise<Key> => {
    check(draft);
    const secret = draft.secret === true || draft.encrypted === true;
    if (draft.encrypted) openOrRefuse(draft);
    const value = draft.encrypted ? draft.value : secret ? vault.seal(draft.value, "key") : draft.value;
    // Without a version to compare, the last writer wins; a few rounds against others who write the same key.
    for (let attempt = 0; ; attempt++) {
      const now = parts.now();
      const old = await store.key(project, draft.scope, draft.user, draft.name, now);
      if (draft.expectVersion !== undefined && draft.expectVersion !== (old?.version ?? 0)) throw moved(draft, old);
      const key: Key = {
        id: old?.id ?? parts.newId(),
        project,
        scope: draft.scope,
        user: draft.user,
        name: draft.name,
        value,
        secret,
        version: (old?.version ?? 0) + 1,
        updated: now,
        ...((draft.description ?? old?.description) !== undefined && {
          description: draft.description ?? old?.description,
        }),
        ...(draft.ttl !== undefined && { expires: now + Math.round(draft.ttl * 1e6) }),
      };
      const events: [string, JsonObject][] = old
        ? [[UPDATED, { object: viewKey(key) }]]
        : [[CREATED, { object: viewKey(key) }]];
      if (old && plaintext(old) !== plaintext(key)) {
        events.push([CHANGED, { old_object: viewKey(old), new_object: viewKey(key) }]);
      }
      const committed = await write(project, [{ kind: "key.put", key, expect: old?.version ?? 0 }], events);
      if (committed.ok) return key;
      if (draft.expectVersion !== undefined || attempt >= 20) throw moved(draft, undefined);
    }
  };

  const plaintext = (key: Key) => (key.secret ? vault.open(key.value, "key") : key.value);

  const openOrRefuse = (draft: KeyDraft) => {
    try {
      vault.open(draft.value, "key");
    } catch (cause) {
      throw new Invalid("key.integrity", {
        message: `Failed to verify the integrity of the provided value for key "${draft.name}". Ensure that the value is encrypted with the correct key and not corrupted.`,
        cause,
      });
    }
  };

  return {
    set,
    async get(project, scope, user, name, decrypt) {
      const key = await store.key(project, scope, user, name, parts.now());
      return key && shown(key, decrypt);
    },
    async list(project, filter, page, decrypt) {
      const { items, ...rest } = await store.keys(project, filter, page, parts.now());
      return { ...rest, items: items.map((key) => shown(key, decrypt)) };
    },
    async delete(project, scope, user, name, expectVersion) {
      for (let attempt = 0; ; attempt++) {
        const old = await store.key(project, scope, user, name, parts.now());
        if (!old) {
          throw new NotFound("key.not-found", {
            message: `The key "${name}" does not exist in the StackStorm datastore.`,
          });
        }
        if (expectVersion !== undefined && expectVersion !== old.version) throw moved({ name }, old);
        const committed = await write(
          project,
          [{ kind: "key.delete", project, scope, user, name, expect: old.version }],
          [[DELETED, { object: viewKey(old) }]],
        );
        if (committed.ok) return;
        if (expectVersion !== undefined || attempt >= 20) throw moved({ name }, undefined);
      }
    },
  };
}

/** StackStorm's API object of a key; the value stays ciphertext unless the key was read with `decrypt`. */
export function viewKey(key: Key): JsonObject {
  return {
    id: key.id,
    uid: `key_value_pair:${key.scope}:${key.user ? `${key.user}:` : ""}${key.name}`,
    name: key.name,
    value: key.value,
    secret: key.secret,
    encrypted: key.secret,
    scope: key.scope,
    version: key.version,
    ...(key.user && { user: key.user }),
    ...(key.description !== undefined && { description: key.description }),
    ...(key.expires !== undefined && { expire_timestamp: formatMicros(key.expires) }),
  };
}

function check(draft: KeyDraft): void {
  const wrong = (message: string, field: string) => new Invalid("key.invalid", { message, at: { field } });
  if (draft.name === "" || draft.name.length > MAX_NAME)
    throw wrong(`a key's name has 1 to ${MAX_NAME} characters`, "name");
  if (Buffer.byteLength(draft.value) > MAX_VALUE_BYTES) {
    throw wrong(
      `the value of key "${draft.name}" is larger than ${MAX_VALUE_BYTES} bytes; keep it elsewhere and store where it is`,
      "value",
    );
  }
  if (draft.ttl !== undefined && !(draft.ttl > 0 && Number.isFinite(draft.ttl))) {
    throw wrong(`ttl of key "${draft.name}" is a number of seconds greater than 0`, "ttl");
  }
  if (draft.scope === "st2kv.user" && draft.user === "") throw wrong(`a user-scoped key needs its user`, "user");
}

function moved(draft: { readonly name: string }, current: Key | undefined): Conflict {
  return new Conflict("key.version", {
    message: `key "${draft.name}" was written by someone else meanwhile${current ? ` and is at version ${current.version}` : ""}; read it again and decide`,
    fields: { version: current?.version ?? 0 },
  });
}
