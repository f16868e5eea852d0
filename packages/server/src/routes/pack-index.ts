import Type from "typebox";
import { ok, route, type Route } from "../http/route.ts";

const FreeObject = Type.Record(Type.String(), Type.Unknown());
const Status = Type.Array(FreeObject);

/** What there is to install: the indexes of packs. */
export const PACK_INDEX_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/packs/index",
    summary: "Shows all packs of the indexes, and how the indexes are.",
    verb: "list",
    resource: "pack",
    response: Type.Object({ index: FreeObject, status: Status }),
    handler: async (call) => ok(await call.context.packs.index.read()),
  }),
  route({
    method: "POST",
    path: "/packs/index/search",
    summary: "Finds packs in the indexes: those with a text in them, or the one of a name.",
    verb: "list",
    resource: "pack",
    body: Type.Object(
      { query: Type.Optional(Type.String({ maxLength: 1000 })), pack: Type.Optional(Type.String({ maxLength: 2000 })) },
      { additionalProperties: false },
    ),
    response: Type.Union([Type.Array(FreeObject), FreeObject]),
    handler: async (call) => {
      const { index } = call.context.packs;
      const { query, pack } = call.body;
      // StackStorm's client takes an empty list for "no such pack".
      if (pack !== undefined) return ok((await index.find(pack)) ?? []);
      return ok(await index.search(query ?? ""));
    },
  }),
  route({
    method: "GET",
    path: "/packs/index/health",
    summary: "Asks every index anew, and says how each is.",
    verb: "list",
    resource: "pack",
    response: Type.Object({ indexes: FreeObject, packs: FreeObject }),
    handler: async (call) => {
      const { index, status } = await call.context.packs.index.read({ refresh: true });
      const errors: Record<string, number> = {};
      for (const { error } of status) if (error !== null) errors[error] = (errors[error] ?? 0) + 1;
      const valid = status.filter(({ error }) => error === null).length;
      return ok({
        indexes: { count: status.length, valid, invalid: status.length - valid, errors, status },
        packs: { count: Object.keys(index).length },
      });
    },
  }),
];
