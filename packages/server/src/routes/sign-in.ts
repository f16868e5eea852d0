import { formatMicros, Invalid, Unauthenticated } from "@squall/model";
import Type from "typebox";
import { isAdmin } from "../allow.ts";
import { authenticate } from "../http/authenticate.ts";
import { credentialsOf } from "../http/credentials.ts";
import { type Call, created, NO_CONTENT, ok, route, type Route } from "../http/route.ts";

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

/** Without fractions of a second, as StackStorm writes the ends of tokens. */
function expiryOf(micros: number): string {
  return formatMicros(micros).replace(/\.\d+/, "");
}

/** Name and password of an `Authorization: Basic` header. */
function basicOf(call: Call): { user: string; password: string } {
  const match = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(call.headers.authorization ?? "");
  const text = match ? Buffer.from(match[1] ?? "", "base64").toString("utf8") : "";
  const colon = text.indexOf(":");
  if (colon > 0) return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new Unauthenticated("http.login.missing", { message: "Invalid or missing credentials" });
}

export const SIGN_IN_ROUTES: readonly Route[] = [
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
];
