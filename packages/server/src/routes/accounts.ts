import {
  type ApiKey,
  formatMicros,
  Invalid,
  type JsonObject,
  NotFound,
  Unauthenticated,
  type User,
} from "@squall/model";
import Type from "typebox";
import { isAdmin } from "../allow.ts";
import { PAGING, pagingHeaders, pagingOf } from "../http/paging.ts";
import { authenticate } from "../http/authenticate.ts";
import { credentialsOf } from "../http/credentials.ts";
import { type Call, created, NO_CONTENT, ok, route, type Route } from "../http/route.ts";
import { MASK } from "./mask.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Text = Type.Optional(Type.String());

const TokenView = Type.Object({
  id: Type.String(),
  user: Type.String(),
  token: Type.String(),
  expiry: Type.String(),
  metadata: FreeObject,
  service: Type.Boolean(),
});

const ApiKeyView = Type.Object({
  id: Type.String(),
  uid: Type.String(),
  user: Type.String(),
  key_hash: Type.String(),
  metadata: FreeObject,
  created_at: Type.String(),
  enabled: Type.Boolean(),
});

/** Without fractions of a second, as StackStorm writes the ends of tokens. */
function expiryOf(micros: number): string {
  return formatMicros(micros).replace(/\.\d+/, "");
}

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

/** Name and password of an `Authorization: Basic` header. */
function basicOf(call: Call): { user: string; password: string } {
  const match = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(call.headers.authorization ?? "");
  const text = match ? Buffer.from(match[1] ?? "", "base64").toString("utf8") : "";
  const colon = text.indexOf(":");
  if (colon > 0) return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new Unauthenticated("http.login.missing", { message: "Invalid or missing credentials" });
}

async function findApiKey(call: Call, verb: "view" | "modify" | "delete"): Promise<ApiKey> {
  const given = call.param("id_or_key");
  const key = await call.context.engine.accounts.apiKey(call.project, given);
  if (key !== undefined && call.may(verb, { type: "api_key", owner: key.user })) return key;
  // Another user's key is as if it were not there; and a key that was given is not repeated.
  throw new NotFound("api-key.not-found", { message: "ApiKey with the given key or id not found." });
}

const ROLES = ["admin", "observer"] as const;
const UserView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.String()),
  enabled: Type.Boolean(),
  created_at: Type.String(),
});
const Password = Type.String({ minLength: 8, maxLength: 1024 });

function userView(user: User): JsonObject {
  const { id, name, roles, enabled, created: at } = user;
  return { id, name, roles, enabled, created_at: formatMicros(at) };
}

export const ACCOUNT_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/users",
    summary: "Lists the users who sign in here; for administrators.",
    verb: "list",
    resource: "user",
    response: Type.Array(UserView),
    handler: async (call) => {
      const users = await call.context.engine.accounts.users(call.project);
      return ok(users.map(userView), { "X-Total-Count": String(users.length) });
    },
  }),
  route({
    method: "POST",
    path: "/users",
    summary: "Creates a user; for administrators.",
    verb: "create",
    resource: "user",
    status: 201,
    body: Type.Object(
      {
        name: Type.String({ minLength: 1 }),
        password: Password,
        roles: Type.Optional(
          Type.Array(Type.String({ enum: [...ROLES] }), {
            description: "admin may everything, observer only looks; without a role everything but administration.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
    response: UserView,
    handler: async (call) => {
      const { name, password, roles = [] } = call.body;
      return created(userView(await call.context.engine.accounts.createUser(call.project, name, password, roles)));
    },
  }),
  route({
    method: "PUT",
    path: "/users/{name}/password",
    summary: "Sets a user's password; for administrators.",
    verb: "modify",
    resource: "user",
    status: 204,
    body: Type.Object({ password: Password }, { additionalProperties: false }),
    handler: async (call) => {
      await call.context.engine.accounts.setPassword(call.project, call.param("name"), call.body.password);
      return NO_CONTENT;
    },
  }),
  route({
    method: "GET",
    path: "/user",
    summary: "Shows who is asking.",
    verb: "view",
    resource: "user",
    response: Type.Object({ username: Type.String(), authentication: FreeObject, rbac: FreeObject }),
    handler: async (call) => {
      const { principal, credentials } = call;
      const expiry = credentials?.token ? await call.context.engine.accounts.tokenExpiry(credentials.token) : undefined;
      return ok({
        username: principal.user,
        authentication: {
          method: principal.method === "api-key" ? "API key" : "authentication token",
          location: credentials?.location ?? "header",
          ...(expiry === undefined ? {} : { token_expire: expiryOf(expiry) }),
        },
        rbac: { enabled: true, roles: principal.roles, is_admin: isAdmin(principal) },
      });
    },
  }),
  route({
    method: "POST",
    path: "/tokens",
    summary: "Signs in with name and password (Authorization: Basic).",
    verb: "create",
    resource: "token",
    auth: "none",
    status: 201,
    body: Type.Object(
      {
        ttl: Type.Optional(Type.Integer({ minimum: 1, description: "seconds" })),
        user: Text,
        impersonate_user: Text,
        nickname_origin: Text,
      },
      { additionalProperties: false },
    ),
    response: TokenView,
    handler: async (call) => {
      const { ttl, user, impersonate_user: other } = call.body;
      const credentials = basicOf(call);
      for (const name of [user, other]) {
        if (name && name !== credentials.user) {
          throw new Invalid("http.login.impersonate", {
            message: `A token for "${name}" needs the password of "${name}": tokens in another's name are not issued.`,
          });
        }
      }
      const { accounts } = call.context.engine;
      const { token, secret } = await accounts.login({
        ...credentials,
        origin: call.origin,
        ...(ttl === undefined ? {} : { ttl }),
      });
      const host = call.headers.host ?? "127.0.0.1";
      const { id, user: name, expires, metadata, service } = token;
      const view = { id, user: name, token: secret, expiry: expiryOf(expires), metadata, service };
      return { ...created(view), headers: { "X-API-URL": `http://${host}`, "Cache-Control": "no-store" } };
    },
  }),
  route({
    method: "POST",
    path: "/tokens/validate",
    summary: "Says whether a token holds.",
    verb: "view",
    resource: "token",
    auth: "none",
    body: Type.Object({ token: Type.String() }, { additionalProperties: false }),
    response: Type.Object({ valid: Type.Boolean() }),
    handler: async (call) => {
      // Whoever asks has to be known: by a token, an API key, or name and password.
      const credentials = credentialsOf("POST", call.headers, undefined);
      const { accounts } = call.context.engine;
      if (credentials !== undefined) await authenticate(call.context, credentials);
      else {
        const { secret } = await accounts.login({ ...basicOf(call), ttl: 1, origin: call.origin });
        await accounts.revokeToken(secret);
      }
      try {
        await accounts.authenticate({ token: call.body.token });
        return ok({ valid: true });
      } catch (error) {
        if (error instanceof Unauthenticated) return ok({ valid: false });
        throw error;
      }
    },
  }),
  route({
    method: "DELETE",
    path: "/tokens/current",
    summary: "Signs out: the token that asks holds no longer.",
    verb: "view",
    resource: "user",
    status: 204,
    handler: async (call) => {
      if (call.principal.method === "token" && call.credentials?.token) {
        await call.context.engine.accounts.revokeToken(call.credentials.token);
      }
      return NO_CONTENT;
    },
  }),
  route({
    method: "GET",
    path: "/sso",
    summary: "Says whether single sign-on is there.",
    verb: "view",
    resource: "token",
    auth: "none",
    response: Type.Object({ enabled: Type.Boolean() }),
    handler: () => ok({ enabled: false }),
  }),
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
    summary: "Creates an API key; the answer is the only one that shows it.",
    verb: "create",
    resource: "api_key",
    status: 201,
    query: Type.Object({ show_secrets: Type.Optional(Type.Boolean()) }),
    body: Type.Object({ user: Text, metadata: Type.Optional(FreeObject) }, { additionalProperties: false }),
    response: Type.Object({ ...ApiKeyView.properties, key: Type.String() }),
    handler: async (call) => {
      const user = call.body.user || call.principal.user;
      call.demand("create", { type: "api_key", owner: user });
      const { key, secret } = await call.context.engine.accounts.createApiKey(
        call.project,
        user,
        call.body.metadata ?? {},
      );
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
