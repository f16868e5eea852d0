import { Action, Invalid, NotFound, RunnerType, type JsonObject, type Resources } from "@squall/model";
import Type from "typebox";
import { ATTRIBUTES, select, selectionOf } from "../http/attributes.ts";
import { pagingHeaders, pagingOf, slice, sortBy } from "../http/paging.ts";
import { type Call, created, NO_CONTENT, ok, route, type Route } from "../http/route.ts";
import { contentTypeOf, entryPointOfCopy, readPackFile, removeActionFiles, writeDataFiles } from "./pack-files.ts";
import { changePack, folderOfPack } from "./pack-folder.ts";
import {
  CONTENT_QUERY,
  type ContentSpec,
  draftOf,
  find,
  matches,
  readRoutes,
  refuseSystemPack,
  selectableOf,
  viewOf,
  writeRoutes,
} from "./content-routes.ts";

const FILTERS: ContentSpec<"action">["filters"] = {
  id: (action) => action.id,
  name: (action) => action.name,
  pack: (action) => action.pack,
  tags: (action) => (action.tags ?? []).map((tag) => `${tag.name}:${tag.value}`),
};

const ACTIONS: ContentSpec<"action"> = {
  kind: "action",
  path: "/actions",
  noun: "an action",
  schema: Action,
  filters: FILTERS,
  sort: ["pack", "name"],
  excludable: ["parameters", "notify"],
};

/** The same actions with the parameters of their runner merged in. */
const OVERVIEW: ContentSpec<"action"> = {
  ...ACTIONS,
  path: "/actions/views/overview",
  view: (call, action) => ({ ...action, parameters: call.context.engine.content.parametersOf(call.project, action) }),
};

const RUNNERS: ContentSpec<"runner_type"> = {
  kind: "runner_type",
  path: "/runnertypes",
  noun: "a runner type",
  key: "name_or_id",
  schema: RunnerType,
  filters: { id: (runner) => runner.id, name: (runner) => runner.name },
  sort: ["name"],
  defaultLimit: 100,
  notFound: (key) => `Resource with a name or id "${key}" not found`,
};

const DataFiles = Type.Array(
  Type.Object({ file_path: Type.String({ minLength: 1 }), content: Type.String() }, { additionalProperties: false }),
);
const ActionBody = draftOf(Action, ["name", "runner_type"], { data_files: DataFiles });

async function withDataFiles(call: Call, draft: JsonObject): Promise<JsonObject> {
  const { data_files: files, ...action } = draft;
  if (Array.isArray(files) && files.length > 0) {
    const pack = packOf(call, String(action.pack));
    const written = await changePack(call, pack, (folder) =>
      writeDataFiles(pack, folder, files as { file_path: string; content: string }[]),
    );
    for (const path of written) {
      await call.context.engine.events
        .emit(call.project, {
          trigger: "core.st2.action.file_written",
          payload: { ref: `${pack.ref}.${String(action.name)}`, file_path: path, host_info: {} },
        })
        .catch((error: unknown) =>
          call.context.log.warn({ err: error }, "nobody was told that an action's file changed"),
        );
    }
  }
  return action;
}

/** Copies an action's file into another pack; gives the copy's entry point (the old one where there is no file). */
async function copyFile(
  call: Call,
  from: Resources["pack"] | undefined,
  to: Resources["pack"],
  action: Resources["action"],
  name: string,
): Promise<string> {
  if (!action.entry_point || from === undefined) return action.entry_point;
  const { bytes } = await readPackFile(from, await folderOfPack(call, from), `actions/${action.entry_point}`);
  const entryPoint = entryPointOfCopy(action, name);
  const files = [{ file_path: entryPoint, content: bytes.toString("utf8") }];
  await changePack(call, to, (folder) => writeDataFiles(to, folder, files));
  return entryPoint;
}

function packOf(call: Call, ref: string): Resources["pack"] {
  const pack = call.context.engine.content.get(call.project, "pack", ref);
  if (pack !== undefined) return pack;
  throw new Invalid("action.pack.unknown", {
    message: `Pack "${ref}" does not exist, so it cannot hold files. Register it first.`,
    at: { field: "pack" },
  });
}

export const ACTION_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/actions/views/overview",
    summary: "Lists actions with the parameters of their runners merged in.",
    verb: "list",
    resource: "action",
    query: Type.Object({
      ...CONTENT_QUERY,
      sort: Type.Optional(Type.String()),
      id: Type.Optional(Type.Array(Type.String())),
      name: Type.Optional(Type.String()),
      pack: Type.Optional(Type.String()),
    }),
    response: Type.Array(Action),
    handler: (call) => {
      const selection = selectionOf(call.query, selectableOf(OVERVIEW));
      const paging = pagingOf(call, "action", undefined);
      const all = call.context.engine.content.list(call.project, "action");
      const found = all.filter((one) => matches(one, ACTIONS, call.query as JsonObject));
      const page = slice(sortBy(found, call.query.sort, ["pack", "name"]), paging);
      return ok(
        page.map((one) => select(viewOf(OVERVIEW, call, one), selection)),
        pagingHeaders(paging, found.length),
      );
    },
  }),
  ...readRoutes(OVERVIEW).slice(1),
  route({
    method: "GET",
    path: "/actions/views/parameters/{ref_or_id}",
    summary: "Shows the parameters that an action takes, its runner's included.",
    verb: "view",
    resource: "action",
    response: Type.Object({ parameters: Type.Record(Type.String(), Type.Unknown()) }),
    handler: async (call) => {
      const action = await find(call, ACTIONS, call.param("ref_or_id"));
      return ok({ parameters: call.context.engine.content.parametersOf(call.project, action) });
    },
  }),
  route({
    method: "GET",
    path: "/actions/views/entry_point/{ref_or_id}",
    summary: "Shows the file that an action runs.",
    verb: "view",
    resource: "action",
    produces: "text/plain",
    response: Type.String(),
    handler: async (call) => {
      const action = await find(call, ACTIONS, call.param("ref_or_id"));
      const pack = call.context.engine.content.get(call.project, "pack", action.pack);
      if (!action.entry_point || pack === undefined) {
        throw new NotFound("action.no-entry-point", {
          message: `Action "${action.ref}" has no entry point: its runner "${action.runner_type}" needs no file.`,
        });
      }
      const file = await readPackFile(pack, await folderOfPack(call, pack), `actions/${action.entry_point}`);
      return { status: 200, bytes: file.bytes, headers: { "Content-Type": contentTypeOf(action.entry_point) } };
    },
  }),
  ...readRoutes(ACTIONS),
  ...writeRoutes(ACTIONS, ActionBody, { defaultPack: "default", guarded: true, prepare: withDataFiles }).filter(
    ({ method }) => method !== "DELETE",
  ),
  route({
    method: "DELETE",
    path: "/actions/{ref_or_id}",
    summary: "Deletes an action, and its files when asked to.",
    verb: "delete",
    resource: "action",
    status: 204,
    body: Type.Object({ remove_files: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    handler: async (call) => {
      const action = await find(call, ACTIONS, call.param("ref_or_id"));
      refuseSystemPack(action.pack);
      await call.context.engine.content.delete(call.project, "action", action.id);
      const pack = call.context.engine.content.get(call.project, "pack", action.pack);
      if (call.body.remove_files && pack !== undefined) {
        await changePack(call, pack, (folder) => removeActionFiles(folder, action));
      }
      return NO_CONTENT;
    },
  }),
  route({
    method: "POST",
    path: "/actions/{ref_or_id}/clone",
    summary: "Copies an action, its file included, into a pack.",
    verb: "create",
    resource: "action",
    status: 201,
    body: Type.Object(
      {
        dest_pack: Type.String({ minLength: 1 }),
        dest_action: Type.String({ minLength: 1 }),
        overwrite: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: false },
    ),
    response: Action,
    handler: async (call) => {
      const { dest_pack: pack, dest_action: name, overwrite = false } = call.body;
      const source = await find(call, ACTIONS, call.param("ref_or_id"));
      refuseSystemPack(pack);
      const target = call.context.engine.content.get(call.project, "pack", pack);
      if (target === undefined) {
        throw new Invalid("action.clone.no-pack", { message: `Destination pack "${pack}" doesn't exist.` });
      }
      const existing = call.context.engine.content.get(call.project, "action", `${pack}.${name}`);
      if (existing !== undefined && !overwrite) {
        throw new Invalid("action.clone.exists", {
          message: `The requested destination action "${pack}.${name}" already exists. Give "overwrite": true to replace it.`,
        });
      }
      const from = call.context.engine.content.get(call.project, "pack", source.pack);
      const { id: _id, uid: _uid, ref: _ref, metadata_file: _file, ...rest } = source;
      const entryPoint = await copyFile(call, from, target, source, name);
      const draft = { ...rest, pack, name, entry_point: entryPoint, ...(existing ? { id: existing.id } : {}) };
      return created(await call.context.engine.content.put(call.project, "action", draft, "upsert"));
    },
  }),
  ...readRoutes(RUNNERS),
  route({
    method: "PUT",
    path: "/runnertypes/{name_or_id}",
    summary: "Switches a runner on or off; nothing else of it can be changed.",
    verb: "modify",
    resource: "runner_type",
    query: Type.Object({ ...ATTRIBUTES }),
    body: draftOf(RunnerType, ["enabled"]),
    response: RunnerType,
    handler: async (call) => {
      const runner = await find(call, RUNNERS, call.param("name_or_id"));
      const { enabled } = call.body as { enabled: boolean };
      return ok(await call.context.engine.content.put(call.project, "runner_type", { ...runner, enabled }, "update"));
    },
  }),
];
