import { formatMicros } from "@squall/model";
import Type from "typebox";
import { ok, route, type Route } from "../http/route.ts";

const Lanes = Type.Object({ inline: Type.Integer(), process: Type.Integer() });

const Member = Type.Object({
  id: Type.String(),
  host: Type.String(),
  pid: Type.Integer(),
  roles: Type.Array(Type.String()),
  labels: Type.Record(Type.String(), Type.String()),
  version: Type.String(),
  url: Type.Optional(Type.String()),
  started: Type.String(),
  seen: Type.String({ description: "When it last said that it is alive, by the database's clock." }),
  slots: Lanes,
  running: Type.Integer(),
  shards: Type.Integer({ description: "Of the 64 shards of workflows, those that it conducts." }),
  sensors: Type.Integer(),
});

/** The processes that share the store. Squall's own: StackStorm has no such path. */
export const CLUSTER_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/cluster",
    summary: "Who takes part, what each does, and how much waits.",
    verb: "view",
    resource: "cluster",
    response: Type.Object({
      alone: Type.Boolean({ description: "One process does everything." }),
      member: Type.String({ description: "The one that answers." }),
      sound: Type.Boolean(),
      members: Type.Array(Member),
      waiting: Lanes,
      limit: Type.Integer({ description: "So many may wait; above it new executions are refused with 429." }),
      bus: Type.Record(Type.String(), Type.Unknown()),
    }),
    handler: async (call) => {
      const status = await call.context.engine.cluster();
      return ok({
        ...status,
        members: status.members.map((one) => ({
          ...one,
          started: formatMicros(one.started),
          seen: formatMicros(one.seen),
        })),
      });
    },
  }),
];
