import { createHash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { stat } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import type { Registration } from "@squall/engine";
import { formatPosition, Invalid, NotFound, Pack, type Resources } from "@squall/model";
import Type from "typebox";
import { together } from "../bundled-packs.ts";
import { noteRegistered, standingOf } from "../pack-standing.ts";
import { didYouMean } from "../http/did-you-mean.ts";
import { type Call, NO_CONTENT, ok, type Reply, route, type Route } from "../http/route.ts";
import { type ContentSpec, find, readRoutes, refuseSystemPack } from "./content-routes.ts";
import { contentTypeOf, readPackFile } from "./pack-files.ts";
import { folderOfPack } from "./pack-folder.ts";

const PACKS: ContentSpec<"pack"> = {
  kind: "pack",
  path: "/packs",
  noun: "a pack",
  schema: Pack,
  filters: { id: (pack) => pack.id, name: (pack) => pack.name, ref: (pack) => pack.ref },
  sort: ["ref", "name"],
  defaultLimit: 100,
};

/** Singular and plural names of what can be registered. */
const TYPES = new Set(
  (
    "all runner runners action actions trigger triggers sensor sensors rule rules rule_type rule_types alias aliases " +
    "policy_type policy_types policy policies config configs"
  ).split(" "),
);
/** StackStorm's bound on files that a list of files shows. */
const MAX_LISTED_BYTES = 500_000;

const Registered = Type.Object({ packs: Type.Optional(Type.Array(Type.String())) }, { additionalProperties: true });

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );
}

/**
 * The folder of a pack that is registered, or that lies where packs are looked for. Undefined for one that was registered from
 * a folder that this machine does not have, or has in an older state: what is kept of it is read then.
 */
async function folderOf(call: Call, name: string): Promise<string | undefined> {
  const { context } = call;
  const known = context.engine.content.get(call.project, "pack", name);
  const { ledger } = context.packs;
  if (known !== undefined) {
    if (ledger === undefined) return known.path;
    if (!(await isFolder(known.path))) return undefined;
    return (await standingOf(context.engine.content, ledger, known.path, name)) === "behind" ? undefined : known.path;
  }
  // Only a name, never a path: naming folders needs more rights.
  if (/^[\w-]+$/.test(name)) {
    for (const root of context.settings.packRoots) {
      const folder = join(root, name);
      if (await isFolder(folder)) return folder;
    }
  }
  const refs = context.engine.content.list(call.project, "pack").map((pack) => pack.ref);
  throw new NotFound("pack.unknown", {
    message: `Pack "${name.slice(0, 200)}" not found: it is neither registered nor in a folder of packs${didYouMean(name, refs)}`,
    at: { field: "packs" },
  });
}

async function folderAt(path: string): Promise<string> {
  if (!isAbsolute(path)) {
    throw new Invalid("pack.path.relative", {
      message: `"${path}" is not an absolute path. Paths are read on the server, whose folder is not yours.`,
      at: { field: "paths" },
    });
  }
  if (await isFolder(path)) return resolve(path);
  throw new Invalid("pack.path.missing", {
    message: `There is no folder "${path}" on the server.`,
    at: { field: "paths" },
  });
}

function registered(registration: Registration, failOnProblems: boolean): Reply {
  const { counts, packs, problems } = registration;
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length === 0 || !failOnProblems) return ok({ ...counts, packs, ...(problems.length ? { problems } : {}) });
  const lines = errors.map(({ at, message }) => {
    const place = formatPosition(at);
    return place === "" || message.startsWith(place) ? message : `${place}: ${message}`;
  });
  return {
    status: 400,
    json: {
      faultstring: lines.join("\n"),
      code: "pack.register.problems",
      problems,
      // What was right is registered nevertheless.
      registered: { ...counts, packs },
    },
  };
}

async function unregister(call: Call, pack: Resources["pack"]): Promise<void> {
  refuseSystemPack(pack.ref);
  await call.context.engine.content.unregister(call.project, pack.ref);
}

export const PACK_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/packs/register",
    summary: "Reads pack folders again, or for the first time, and takes over what they hold.",
    verb: "register",
    resource: "pack",
    body: Type.Object(
      {
        packs: Type.Optional(Type.Array(Type.String())),
        types: Type.Optional(Type.Array(Type.String())),
        fail_on_failure: Type.Optional(Type.Boolean({ description: "Answer 400 when a file is wrong; default true." })),
        path: Type.Optional(Type.String({ description: "A folder on the server; for administrators." })),
        paths: Type.Optional(Type.Array(Type.String())),
      },
      { additionalProperties: false },
    ),
    response: Registered,
    handler: async (call) => {
      const { packs, types = [], fail_on_failure: strict = true, path, paths = [] } = call.body;
      const wrong = types.find((type) => !TYPES.has(type));
      if (wrong !== undefined) {
        throw new Invalid("pack.register.type", {
          message: `"${wrong}" cannot be registered${didYouMean(wrong, TYPES) || `; possible are ${[...TYPES].join(", ")}`}`,
          at: { field: "types" },
        });
      }
      const given = path === undefined ? paths : [path, ...paths];
      if (given.length > 0) call.demand("register_path", { type: "pack" });
      const { content } = call.context.engine;
      if (content.sharesCode) await content.catchUp();
      const names = packs ?? (given.length > 0 ? [] : content.list(call.project, "pack").map((pack) => pack.ref));
      const found = await Promise.all(names.map((name) => folderOf(call, name)));
      const elsewhere = names.filter((_, n) => found[n] === undefined);
      const folders = [...found.filter((one) => one !== undefined), ...(await Promise.all(given.map(folderAt)))];
      const wanted = types.includes("all") || types.length === 0 ? undefined : types;
      const registrations = [await content.register(call.project, [...new Set(folders)], wanted)];
      for (const name of elsewhere) registrations.push(await content.registerKept(call.project, name, wanted));
      const { installation, ledger } = call.context.packs;
      if (ledger) await noteRegistered(content, ledger, folders);
      for (const folder of folders) {
        if (folder === installation.pathOf(basename(folder))) await installation.settle(basename(folder));
      }
      return registered(together(registrations), strict);
    },
  }),
  route({
    method: "GET",
    path: "/packs/views/files/{ref_or_id}",
    summary: "Shows the text files of a pack.",
    verb: "view",
    resource: "pack",
    response: Type.Array(Type.Object({ file_path: Type.String(), content: Type.String() })),
    handler: async (call) => {
      const pack = await find(call, PACKS, call.param("ref_or_id"));
      const shown: { file_path: string; content: string }[] = [];
      const folder = await folderOfPack(call, pack);
      for (const path of pack.files) {
        try {
          const { bytes } = await readPackFile(pack, folder, path);
          if (bytes.length <= MAX_LISTED_BYTES && isUtf8(bytes))
            shown.push({ file_path: path, content: bytes.toString() });
        } catch (error) {
          // Gone from the disk since the pack was registered.
          if (!(error instanceof NotFound)) throw error;
        }
      }
      return ok(shown);
    },
  }),
  route({
    method: "GET",
    path: "/packs/views/file/{ref_or_id}/{path*}",
    summary: "Shows a file of a pack.",
    verb: "view",
    resource: "pack",
    produces: "text/plain",
    response: Type.String(),
    handler: async (call) => {
      const pack = await find(call, PACKS, call.param("ref_or_id"));
      const path = call.param("path");
      const { bytes, modified } = await readPackFile(pack, await folderOfPack(call, pack), path);
      const headers = {
        ETag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`,
        "Last-Modified": modified.toUTCString(),
      };
      const { "if-none-match": tag, "if-modified-since": since } = call.headers;
      const fresh =
        tag === undefined
          ? since !== undefined && Math.floor(modified.getTime() / 1000) * 1000 <= Date.parse(since)
          : tag.split(",").some((one) => one.trim().replace(/^W\//, "") === headers.ETag);
      if (fresh) return { status: 304, headers };
      return { status: 200, bytes, headers: { ...headers, "Content-Type": contentTypeOf(path) } };
    },
  }),
  ...readRoutes(PACKS),
  route({
    method: "DELETE",
    path: "/packs/{ref_or_id}",
    summary: "Removes a pack and everything in it; its folder stays.",
    verb: "delete",
    resource: "pack",
    status: 204,
    handler: async (call) => {
      await unregister(call, await find(call, PACKS, call.param("ref_or_id")));
      return NO_CONTENT;
    },
  }),
];
