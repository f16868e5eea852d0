import { Invalid, NotFound, type JsonObject, type ResourceKind, type Resources } from "@squall/model";
import Type, { type TObject, type TSchema } from "typebox";
import { ATTRIBUTES, select, selectionOf, type Selectable } from "../http/attributes.ts";
import { PAGING, pagingHeaders, pagingOf, slice, sortBy } from "../http/paging.ts";
import { type Call, created, NO_CONTENT, ok, route, type Route } from "../http/route.ts";

/** Packs whose content belongs to the installation; StackStorm refuses to change it through the API. */
const SYSTEM_PACKS: ReadonlySet<string> = new Set(["core", "packs"]);

/** How one kind of content is served. The defaults are those of most kinds. */
export interface ContentSpec<K extends ResourceKind> {
  readonly kind: K;
  /** `/actions` */
  readonly path: string;
  /** One of them, in words: `an action`. */
  readonly noun: string;
  readonly schema: TObject;
  /** Query parameters that filter, with the value of the resource each compares with; arrays mean "any of them". */
  readonly filters: Readonly<Record<string, (resource: Resources[K]) => unknown>>;
  readonly booleanFilters?: Readonly<Record<string, (resource: Resources[K]) => boolean>>;
  readonly sort?: readonly string[];
  /** Absent: a list without `limit` is whole. */
  readonly defaultLimit?: number;
  /** What `exclude_attributes` may name; absent: anything. */
  readonly excludable?: readonly string[];
  /** The part of the path that names one: `ref_or_id`. */
  readonly key?: string;
  view?(call: Call<{ show_secrets?: boolean }>, resource: Resources[K]): JsonObject;
  notFound?(key: string): string;
}

export const CONTENT_QUERY = { ...PAGING, ...ATTRIBUTES, show_secrets: Type.Optional(Type.Boolean()) };

/** `GET /things` and `GET /things/{ref_or_id}` (also below `path` of a view of them). */
export function readRoutes<K extends ResourceKind>(spec: ContentSpec<K>): Route[] {
  const key = spec.key ?? "ref_or_id";
  const filters = Object.fromEntries(
    Object.keys(spec.filters).map((name) => [
      name,
      Type.Optional(name === "id" || name === "tags" ? Type.Array(Type.String()) : Type.String()),
    ]),
  );
  const booleans = Object.fromEntries(
    Object.keys(spec.booleanFilters ?? {}).map((name) => [name, Type.Optional(Type.Boolean())]),
  );
  const query = Type.Object({ ...CONTENT_QUERY, sort: Type.Optional(Type.String()), ...filters, ...booleans });
  const selectable = selectableOf(spec);
  return [
    route({
      method: "GET",
      path: spec.path,
      summary: `Lists ${spec.path.slice(1).replaceAll("/", " ")}.`,
      verb: "list",
      resource: spec.kind,
      query,
      response: Type.Array(spec.schema),
      handler: (call) => {
        const selection = selectionOf(call.query, selectable);
        const paging = pagingOf(call, spec.kind, spec.defaultLimit);
        const given = call.query as JsonObject;
        const found = call.context.engine.content
          .list(call.project, spec.kind)
          .filter((one) => matches(one, spec, given));
        const sorted = spec.sort ? sortBy(found, call.query.sort, spec.sort) : found;
        return ok(
          slice(sorted, paging).map((one) => select(viewOf(spec, call, one), selection)),
          pagingHeaders(paging, found.length),
        );
      },
    }),
    route({
      method: "GET",
      path: `${spec.path}/{${key}}`,
      summary: `Shows ${spec.noun}.`,
      verb: "view",
      resource: spec.kind,
      query: Type.Object({ ...ATTRIBUTES, show_secrets: Type.Optional(Type.Boolean()) }),
      response: spec.schema,
      handler: async (call) => {
        const selection = selectionOf(call.query, selectable);
        return ok(select(viewOf(spec, call, await find(call, spec, call.param(key))), selection));
      },
    }),
  ];
}

/** `POST`, `PUT` and `DELETE` of one kind. */
export function writeRoutes<K extends ResourceKind>(
  spec: ContentSpec<K>,
  body: TSchema,
  options: {
    /** Pack of a new one whose body names none. */
    readonly defaultPack?: string;
    /** Content of system packs may not be changed. */
    readonly guarded?: boolean;
    /** Runs before a write with what will be written; may change it. */
    prepare?(call: Call, draft: JsonObject): JsonObject | Promise<JsonObject>;
  } = {},
): Route[] {
  const key = spec.key ?? "ref_or_id";
  const guard = (pack: unknown) => {
    if (options.guarded && typeof pack === "string") refuseSystemPack(pack);
  };
  const prepare = async (call: Call, draft: JsonObject) => (await options.prepare?.(call, draft)) ?? draft;
  return [
    route({
      method: "POST",
      path: spec.path,
      summary: `Creates ${spec.noun}.`,
      verb: "create",
      resource: spec.kind,
      status: 201,
      body,
      response: spec.schema,
      handler: async (call) => {
        const given = call.body as JsonObject;
        const draft = options.defaultPack === undefined ? given : { pack: options.defaultPack, ...given };
        guard(draft.pack);
        const written = await call.context.engine.content.put(
          call.project,
          spec.kind,
          await prepare(call, draft),
          "create",
        );
        return created(viewOf(spec, call, written));
      },
    }),
    route({
      method: "PUT",
      path: `${spec.path}/{${key}}`,
      summary: `Replaces ${spec.noun}.`,
      verb: "modify",
      resource: spec.kind,
      body,
      response: spec.schema,
      handler: async (call) => {
        const existing = await find(call, spec, call.param(key));
        const draft = sameIdentity(existing, call.body as JsonObject, call.param(key));
        guard(draft.pack);
        const written = await call.context.engine.content.put(
          call.project,
          spec.kind,
          await prepare(call, draft),
          "update",
        );
        return ok(viewOf(spec, call, written));
      },
    }),
    deleteRoute(spec, guard),
  ];
}

function deleteRoute<K extends ResourceKind>(spec: ContentSpec<K>, guard: (pack: unknown) => void): Route {
  const key = spec.key ?? "ref_or_id";
  return route({
    method: "DELETE",
    path: `${spec.path}/{${key}}`,
    summary: `Deletes ${spec.noun}.`,
    verb: "delete",
    resource: spec.kind,
    status: 204,
    handler: async (call) => {
      const existing = await find(call, spec, call.param(key));
      guard((existing as JsonObject).pack);
      await call.context.engine.content.delete(call.project, spec.kind, existing.id);
      return NO_CONTENT;
    },
  });
}

/** StackStorm protects what it ships against edits through the API. */
export function refuseSystemPack(pack: string): void {
  if (!SYSTEM_PACKS.has(pack)) return;
  throw new Invalid("content.system-pack", {
    message: `Resources belonging to system level packs can't be manipulated: "${pack}" is one. Make a copy in a pack of your own.`,
  });
}

/** A draft that stands for the existing resource: same id, and its pack when the draft names none. */
export function sameIdentity(existing: object, draft: JsonObject, key: string): JsonObject {
  const { id, pack } = existing as { id: string; pack?: string };
  if (draft.id !== undefined && draft.id !== id) {
    throw new Invalid("content.id-mismatch", {
      message: `The id in the body, "${String(draft.id)}", is not that of "${key}", which is "${id}". Leave it out or correct it.`,
      at: { field: "id" },
    });
  }
  return { ...(pack === undefined ? {} : { pack }), ...draft, id };
}

/** The resource that a path names, or 404; it may have been made at another process just now. */
export async function find<K extends ResourceKind>(
  call: Pick<Call, "context" | "project">,
  spec: Pick<ContentSpec<K>, "kind" | "notFound">,
  key: string,
): Promise<Resources[K]> {
  const { content } = call.context.engine;
  const known = content.get(call.project, spec.kind, key);
  if (known !== undefined) return known;
  await content.catchUp();
  const found = content.get(call.project, spec.kind, key);
  if (found !== undefined) return found;
  throw new NotFound("content.not-found", {
    message: spec.notFound?.(key) ?? `Resource with a reference or id "${key}" not found`,
  });
}

export function selectableOf<K extends ResourceKind>(spec: ContentSpec<K>): Selectable {
  const names = Object.keys(spec.schema.properties);
  return {
    known: new Set(names),
    always: names.includes("ref") ? ["id", "ref"] : ["id"],
    ...(spec.excludable ? { excludable: new Set(spec.excludable) } : {}),
  };
}

export function viewOf<K extends ResourceKind>(
  spec: ContentSpec<K>,
  call: Call<{ show_secrets?: boolean }>,
  resource: Resources[K],
): JsonObject {
  return spec.view ? spec.view(call, resource) : resource;
}

export function matches<K extends ResourceKind>(one: Resources[K], spec: ContentSpec<K>, given: JsonObject): boolean {
  for (const [name, valueOf] of Object.entries(spec.filters)) {
    const wanted = given[name];
    if (wanted !== undefined && !isWanted(valueOf(one), wanted)) return false;
  }
  for (const [name, valueOf] of Object.entries(spec.booleanFilters ?? {})) {
    const wanted = given[name];
    if (wanted !== undefined && valueOf(one) !== wanted) return false;
  }
  return true;
}

function isWanted(value: unknown, wanted: unknown): boolean {
  const values = Array.isArray(value) ? value : [value];
  if (Array.isArray(wanted)) return wanted.some((item) => values.includes(item));
  if (values.includes(wanted)) return true;
  return (wanted === "null" || wanted === "None") && (value === undefined || value === null || values.length === 0);
}

/** The body of a create or update: the resource's own fields, of which only `required` must be there. */
export function draftOf(schema: TObject, required: readonly string[], extra: Record<string, TSchema> = {}): TObject {
  const properties = Object.entries({ ...schema.properties, ...extra }).map(([name, property]): [string, TSchema] => [
    name,
    required.includes(name) ? property : Type.Optional(property),
  ]);
  return Type.Object(Object.fromEntries(properties), { additionalProperties: false });
}
