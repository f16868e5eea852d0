import { type ApiKey, formatMicros, Invalid, type JsonObject, NotFound } from "@squall/model";
import Type from "typebox";
import { PAGING, pagingHeaders, pagingOf } from "../http/paging.ts";
import { type Call, created, NO_CONTENT, ok, route, type Route } from "../http/route.ts";
import { MASK } from "./mask.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Text = Type.Optional(Type.String());

const ApiKeyView = Type.Object({
  id: Type.String(),
  uid: Type.String(),
  user: Type.String(),
  key_hash: Type.String(),
  metadata: FreeObject,
  created_at: Type.String(),
  enabled: Type.Boolean(),
});

function apiKeyView(call: Call<{ show_secrets?: boolean }>, key: ApiKey): JsonObject {
  const hash = call.query.show_secrets && call.may("show_secrets", { type: "api_key" }) ? key.hash : MASK;
  return {
    id: key.id,
    uid: `api_key:${hash}`,
    user: key.user,
    key_hash: hash,
    metadata: key.metadata,
    created_at: formatMicros(key.created),
    enabled: key.enabled,
  };
}

async function findApiKey(call: Call, verb: "view" | "modify" | "delete"): Promise<ApiKey> {
  const given = call.param("id_or_key");
  const key = await call.context.engine.accounts.apiKey(call.project, given);
  if (key !== undefined && call.may(verb, { type: "api_key", owner: key.user })) return key;
  // Another user's key is as if it were not there; and a key that was given is not repeated.
  throw new NotFound("api-key.not-found", { message: "ApiKey with the given key or id not found." });
}

export const API_KEY_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/apikeys",
    summary: "Lists API keys: an administrator sees all, others their own.",
    verb: "list",
    resource: "api_key",
    query: Type.Object({ ...PAGING, show_secrets: Type.Optional(Type.Boolean()) }),
    response: Type.Array(ApiKeyView),
    handler: async (call) => {
      const paging = pagingOf(call, "api_key", 50);
      const { accounts } = call.context.engine;
      if (call.may("list", { type: "api_key", owner: "*" })) {
        const { items, total } = await accounts.apiKeys(call.project, { ...paging, count: true });
        return ok(
          items.map((key) => apiKeyView(call, key)),
          pagingHeaders(paging, total),
        );
      }
      const { items } = await accounts.apiKeys(call.project, {});
      const own = items.filter((key) => call.may("list", { type: "api_key", owner: key.user }));
      const page = own.slice(paging.offset, paging.limit === undefined ? undefined : paging.offset + paging.limit);
      return ok(
        page.map((key) => apiKeyView(call, key)),
        pagingHeaders(paging, own.length),
      );
    },
  }),
  route({
    method: "POST",
    path: "/apikeys",
    summary: "Creates an API key, which this answer alone shows; or takes over one by its hash.",
    verb: "create",
    resource: "api_key",
    status: 201,
    query: Type.Object({ show_secrets: Type.Optional(Type.Boolean()) }),
    body: Type.Object(
      {
        id: Type.Optional(Type.String({ description: "Ignored: a new key gets an id of its own." })),
        user: Text,
        metadata: Type.Optional(FreeObject),
        key_hash: Type.Optional(Type.String({ description: "Takes over the key that has this hash; none is made." })),
        enabled: Type.Optional(Type.Boolean({ description: "Of a key that is taken over; default true." })),
      },
      { additionalProperties: false },
    ),
    response: Type.Object({ ...ApiKeyView.properties, key: Text }),
    handler: async (call) => {
      const { user: named, metadata = {}, key_hash: hash, enabled = true } = call.body;
      const user = named || call.principal.user;
      call.demand("create", { type: "api_key", owner: user });
      const { accounts } = call.context.engine;
      if (hash !== undefined) {
        return created(apiKeyView(call, await accounts.importApiKey(call.project, { user, metadata, hash, enabled })));
      }
      const { key, secret } = await accounts.createApiKey(call.project, user, metadata);
      return { ...created({ ...apiKeyView(call, key), key: secret }), headers: { "Cache-Control": "no-store" } };
    },
  }),
  route({
    method: "GET",
    path: "/apikeys/{id_or_key}",
    summary: "Shows an API key, without the key itself.",
    verb: "view",
    resource: "api_key",
    query: Type.Object({ show_secrets: Type.Optional(Type.Boolean()) }),
    response: ApiKeyView,
    handler: async (call) => ok(apiKeyView(call, await findApiKey(call, "view"))),
  }),
  route({
    method: "PUT",
    path: "/apikeys/{id_or_key}",
    summary: "Switches an API key on or off, or replaces what is noted about it.",
    verb: "modify",
    resource: "api_key",
    query: Type.Object({ show_secrets: Type.Optional(Type.Boolean()) }),
    body: Type.Object(
      {
        id: Text,
        uid: Text,
        user: Text,
        key_hash: Text,
        created_at: Text,
        metadata: Type.Optional(FreeObject),
        enabled: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    response: ApiKeyView,
    handler: async (call) => {
      const key = await findApiKey(call, "modify");
      const { key_hash: hash, user, enabled, metadata } = call.body;
      if (hash !== undefined && hash !== MASK && hash !== key.hash) {
        throw new Invalid("api-key.hash", { message: "Change of key_hash is not allowed.", at: { field: "key_hash" } });
      }
      if (user !== undefined && user !== key.user) {
        throw new Invalid("api-key.user", { message: "An API key stays its user's.", at: { field: "user" } });
      }
      const change = { ...(enabled === undefined ? {} : { enabled }), ...(metadata ? { metadata } : {}) };
      return ok(apiKeyView(call, await call.context.engine.accounts.updateApiKey(call.project, key.id, change)));
    },
  }),
  route({
    method: "DELETE",
    path: "/apikeys/{id_or_key}",
    summary: "Deletes an API key; whoever uses it is refused from now on.",
    verb: "delete",
    resource: "api_key",
    status: 204,
    handler: async (call) => {
      const key = await findApiKey(call, "delete");
      await call.context.engine.accounts.deleteApiKey(call.project, key.id);
      return NO_CONTENT;
    },
  }),
];
