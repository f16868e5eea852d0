import { formatMicros, type JsonObject, type User } from "@squall/model";
import Type from "typebox";
import { created, NO_CONTENT, ok, route, type Route } from "../http/route.ts";

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

/** Who signs in here. StackStorm keeps its users in files, so these paths are ours. */
export const USER_ROUTES: readonly Route[] = [
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
];
