import type { KeyDraft } from "@squall/engine";
import { formatMicros, Invalid, type JsonObject, type Key, type KeyScope, NotFound } from "@squall/model";
import type { KeyFilter } from "@squall/store";
import Type from "typebox";
import type { Verb } from "../allow.ts";
import { PAGING, pagingHeaders, pagingOf } from "../http/paging.ts";
import { type Call, NO_CONTENT, ok, route, type Route } from "../http/route.ts";

const Text = Type.Optional(Type.String());
const Flag = Type.Optional(Type.Boolean());

const KeyView = Type.Object({
  id: Type.String(),
  uid: Type.String(),
  name: Type.String(),
  value: Type.String({ description: "Ciphertext when encrypted." }),
  secret: Type.Boolean(),
  encrypted: Type.Boolean(),
  scope: Type.String(),
  user: Text,
  description: Text,
  expire_timestamp: Text,
  version: Type.Integer({ description: "Grows by one with every write." }),
});

const SCOPES: Readonly<Record<string, KeyScope>> = {
  system: "st2kv.system",
  "st2kv.system": "st2kv.system",
  user: "st2kv.user",
  "st2kv.user": "st2kv.user",
};

/** The most seconds a key may live: a hundred years, so that times stay exact numbers. */
const MAX_TTL_S = 100 * 366 * 24 * 3600;

function scopeOf(text = "system"): KeyScope {
  const scope = Object.hasOwn(SCOPES, text) ? SCOPES[text] : undefined;
  if (scope !== undefined) return scope;
  throw new Invalid("key.scope.unknown", {
    message: `Scope "${text}" is not valid. Valid scopes are system and user (also written st2kv.system, st2kv.user).`,
    at: { field: "scope" },
  });
}

/** Whose key a request is about, once `allow` was asked. */
function ownerOf(call: Call, verb: Verb, scope: KeyScope, user: string | undefined): string {
  const owner = scope === "st2kv.system" ? "" : user || call.principal.user;
  call.demand(verb, { type: "key", owner });
  return owner;
}

function keyView(key: Key, decrypted: boolean): JsonObject {
  const name = key.user === "" ? key.name : `${key.user}:${key.name}`;
  return {
    id: key.id,
    uid: `key_value_pair:${key.scope}:${name}`,
    name: key.name,
    value: key.value,
    secret: key.secret,
    encrypted: key.secret && !decrypted,
    scope: key.scope,
    ...(key.user === "" ? {} : { user: key.user }),
    ...(key.description === undefined ? {} : { description: key.description }),
    ...(key.expires === undefined ? {} : { expire_timestamp: formatMicros(key.expires) }),
    version: key.version,
  };
}

function missing(name: string): NotFound {
  return new NotFound("key.not-found", { message: `The key "${name}" does not exist in the StackStorm datastore.` });
}

/** The filters whose union is what the caller may see of what it asked for. */
function listFilters(
  call: Call,
  query: { scope?: string; user?: string; prefix?: string; name?: string; id?: readonly string[] },
): KeyFilter[] {
  const common = {
    ...(query.prefix ? { prefix: query.prefix } : {}),
    ...(query.name ? { name: query.name } : {}),
    ...(query.id?.length ? { ids: query.id } : {}),
  };
  if (query.scope !== "all") {
    const scope = scopeOf(query.scope);
    return [{ ...common, scope, user: ownerOf(call, "list", scope, query.user) }];
  }
  // An owner that nobody has: only who may see everybody's keys may see this one's.
  if (!query.user && call.may("list", { type: "key", owner: "*" })) return [common];
  return [
    { ...common, scope: "st2kv.system", user: ownerOf(call, "list", "st2kv.system", undefined) },
    { ...common, scope: "st2kv.user", user: ownerOf(call, "list", "st2kv.user", query.user) },
  ];
}

export const KEY_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/keys",
    summary: "Lists keys of the datastore by name.",
    verb: "list",
    resource: "key",
    query: Type.Object({
      ...PAGING,
      sort: Text,
      prefix: Text,
      scope: Type.Optional(Type.String({ description: "system (default), user or all" })),
      decrypt: Flag,
      user: Text,
      id: Type.Optional(Type.Array(Type.String())),
      name: Text,
    }),
    response: Type.Array(KeyView),
    handler: async (call) => {
      const { query, project } = call;
      const paging = pagingOf(call, "key", 100);
      const filters = listFilters(call, query);
      const decrypt = query.decrypt === true;
      if (decrypt) for (const filter of filters) call.demand("decrypt", { type: "key", owner: filter.user ?? "*" });
      const order = query.sort?.startsWith("-") ? "descending" : "ascending";
      const { keys } = call.context.engine;
      // Each of several lists is read up to the end of the page; what they hold together is then cut.
      const whole = { count: true, ...(paging.limit === undefined ? {} : { limit: paging.offset + paging.limit }) };
      const lists = await Promise.all(
        filters.map((filter) =>
          keys.list(project, { ...filter, order }, filters.length === 1 ? { ...paging, count: true } : whole, decrypt),
        ),
      );
      let items = lists.flatMap((list) => list.items);
      if (lists.length > 1) {
        items.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) * (order === "ascending" ? 1 : -1));
        items = items.slice(paging.offset, paging.limit === undefined ? undefined : paging.offset + paging.limit);
      }
      const total = lists.reduce((sum, list) => sum + (list.total ?? list.items.length), 0);
      return ok(
        items.map((key) => keyView(key, decrypt)),
        pagingHeaders(paging, total),
      );
    },
  }),
  route({
    method: "GET",
    path: "/keys/{name}",
    summary: "Shows a key of the datastore.",
    verb: "view",
    resource: "key",
    query: Type.Object({ scope: Text, decrypt: Flag, user: Text }),
    response: KeyView,
    handler: async (call) => {
      const name = call.param("name");
      const scope = scopeOf(call.query.scope);
      const owner = ownerOf(call, "view", scope, call.query.user);
      const decrypt = call.query.decrypt === true;
      let key = await call.context.engine.keys.get(call.project, scope, owner, name);
      if (key === undefined) throw missing(name);
      if (decrypt && key.secret) {
        call.demand("decrypt", { type: "key", owner });
        key = await call.context.engine.keys.get(call.project, scope, owner, name, true);
        if (key === undefined) throw missing(name);
      }
      return ok(keyView(key, decrypt));
    },
  }),
  route({
    method: "PUT",
    path: "/keys/{name}",
    summary: "Writes a key of the datastore.",
    verb: "modify",
    resource: "key",
    query: Type.Object({ scope: Text, user: Text }),
    body: Type.Object(
      {
        id: Text,
        uid: Text,
        name: Text,
        value: Type.String(),
        scope: Text,
        user: Text,
        secret: Flag,
        encrypted: Flag,
        ttl: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TTL_S, description: "seconds" })),
        description: Text,
        expire_timestamp: Text,
        version: Type.Optional(Type.Integer()),
        expect_version: Type.Optional(
          Type.Integer({ minimum: 0, description: "Write only if this is the version now; 0: only if there is none." }),
        ),
      },
      { additionalProperties: false },
    ),
    response: KeyView,
    handler: async (call) => {
      const { body, query } = call;
      const name = call.param("name");
      if (body.name !== undefined && body.name !== name) {
        throw new Invalid("key.name.mismatch", {
          message: `The body names the key "${body.name}", the path "${name}". Give the same name in both.`,
          at: { field: "name" },
        });
      }
      const scope = scopeOf(body.scope ?? query.scope);
      const owner = ownerOf(call, "modify", scope, body.user ?? query.user);
      // Ciphertext made elsewhere could be another key's secret, which its writer could then read here.
      if (body.encrypted) call.demand("decrypt", { type: "key", owner: "*" });
      const draft: KeyDraft = {
        name,
        scope,
        user: owner,
        value: body.value,
        ...(body.secret === undefined ? {} : { secret: body.secret }),
        ...(body.encrypted === undefined ? {} : { encrypted: body.encrypted }),
        ...(body.ttl === undefined ? {} : { ttl: body.ttl }),
        ...(body.description === undefined ? {} : { description: body.description }),
        ...(body.expect_version === undefined ? {} : { expectVersion: body.expect_version }),
      };
      return ok(keyView(await call.context.engine.keys.set(call.project, draft), false));
    },
  }),
  route({
    method: "DELETE",
    path: "/keys/{name}",
    summary: "Deletes a key of the datastore.",
    verb: "delete",
    resource: "key",
    status: 204,
    query: Type.Object({ scope: Text, user: Text, expect_version: Type.Optional(Type.Integer({ minimum: 1 })) }),
    handler: async (call) => {
      const name = call.param("name");
      const scope = scopeOf(call.query.scope);
      const owner = ownerOf(call, "delete", scope, call.query.user);
      const { keys } = call.context.engine;
      if ((await keys.get(call.project, scope, owner, name)) === undefined) throw missing(name);
      await keys.delete(call.project, scope, owner, name, call.query.expect_version);
      return NO_CONTENT;
    },
  }),
];
