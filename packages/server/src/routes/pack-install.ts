import { join } from "node:path";
import { stat } from "node:fs/promises";
import { Conflict, Invalid, type JsonObject, NotFound } from "@squall/model";
import { checkConditions, type PackFacts, readPackFacts, unpackArchive, warningsOf } from "@squall/packs";
import Type from "typebox";
import { saveBody } from "../http/body.ts";
import { type Call, created, ok, type Reply, route, type Route } from "../http/route.ts";
import { noteRegistered } from "../pack-standing.ts";
import { refuseSystemPack } from "./content-routes.ts";
import { folderOfPack, placeCopy } from "./pack-folder.ts";

const PACKS = Type.Array(Type.String({ minLength: 1, maxLength: 2000 }), { minItems: 1, maxItems: 100 });
const Started = Type.Object({ execution_id: Type.String() });
const REF = /^[a-z0-9_]+$/;

const Facts = Type.Object(
  {
    ref: Type.String(),
    name: Type.String(),
    version: Type.String(),
    description: Type.String(),
    path: Type.String({ description: "Its folder on the server." }),
    dependencies: Type.Array(Type.String()),
    stackstorm_version: Type.String(),
    python_versions: Type.Array(Type.String()),
    has_requirements: Type.Boolean({ description: "It needs a virtualenv of its own." }),
    registered: Type.Boolean(),
    warnings: Type.Array(Type.String()),
  },
  { additionalProperties: true },
);

function factsView(call: Call, facts: PackFacts): JsonObject {
  return {
    ...facts,
    path: call.context.packs.installation.pathOf(facts.ref),
    registered: isRegistered(call, facts.ref),
    warnings: warningsOf(facts),
  };
}

/** Not one whose files came in, and whose content has not been registered yet. */
function isRegistered(call: Call, ref: string): boolean {
  const known = call.context.engine.content.get(call.project, "pack", ref);
  return known !== undefined && known.installing === undefined;
}

/** A pack goes where nothing else answers to its name: not a bundled one, not one that somebody keeps elsewhere. */
async function refuseTaken(call: Call, ref: string, force: boolean): Promise<void> {
  refuseSystemPack(ref);
  const { installation, earlierRoots } = call.context.packs;
  for (const root of earlierRoots) {
    if ((await stat(join(root, ref, "pack.yaml")).catch(() => undefined)) === undefined) continue;
    throw new Conflict("pack.install.taken", {
      message: `There is a pack "${ref}" in ${root} already, which comes first at every start. Give this one another ref, or take that folder away.`,
    });
  }
  const known = call.context.engine.content.get(call.project, "pack", ref);
  if (known === undefined || force || (await isIn(known.path, installation.pathOf(ref)))) return;
  // The folder of another machine: it is where packs are installed there, or its operator's, whose start brings it back.
  if (call.context.packs.ledger && (await stat(known.path).catch(() => undefined)) === undefined) return;
  throw new Conflict("pack.install.elsewhere", {
    message: `Pack "${ref}" is registered from the folder ${known.path}, which would no longer count. Remove it first (squall pack remove ${ref}), or install with "force".`,
  });
}

/** Whether two paths are the same folder, through whatever links. */
async function isIn(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function receive(call: Call<{ force?: boolean; register?: boolean }>): Promise<Reply> {
  const { installation, ledger } = call.context.packs;
  const { content } = call.context.engine;
  const { force = false, register = true } = call.query;
  await using stage = await installation.stage();
  const size = await saveBody(call.incoming, stage.archive, call.context.settings.archiveLimitBytes);
  if (size === 0) {
    throw new Invalid("pack.archive.unreadable", {
      message: "The request has no body: send a .tar.gz, .tar or .zip of the pack's folder.",
    });
  }
  const unpacked = await unpackArchive(stage.archive, stage.folder);
  const facts = await readPackFacts(unpacked.root, unpacked.folder);
  await refuseTaken(call, facts.ref, force);
  if (!force) checkConditions(facts);
  const { replaced } = await installation.place(unpacked.root, facts.ref);
  const view = {
    ...factsView(call, facts),
    warnings: [
      ...warningsOf(facts),
      ...unpacked.leftOut.map((path) => `${path} is a link that leads nowhere; left out`),
    ],
    replaced,
  };
  const folder = installation.pathOf(facts.ref);
  if (!register) {
    if (ledger === undefined) return created(view);
    // What is asked of this pack next may be asked of another server.
    await content.announce(call.project, folder);
    await installation.settle(facts.ref);
    await noteRegistered(content, ledger, [folder]);
    return created({ ...view, registered: isRegistered(call, facts.ref) });
  }
  const { counts, problems } = await content.register(call.project, [folder]);
  await installation.settle(facts.ref);
  if (ledger) await noteRegistered(content, ledger, [folder]);
  return created({ ...view, registered: true, counts, problems });
}

/** The facts of a pack among the installed ones, or 404. */
async function installed(call: Call, ref: string): Promise<PackFacts> {
  const { installation, ledger } = call.context.packs;
  if (ledger) await call.context.engine.content.catchUp();
  const known = ledger && call.context.engine.content.get(call.project, "pack", ref);
  if (known) return readPackFacts(await folderOfPack(call, known), ref);
  if (REF.test(ref) && (await installation.has(ref))) return readPackFacts(installation.pathOf(ref), ref);
  throw new NotFound("pack.not-installed", {
    message: `Pack "${ref.slice(0, 200)}" is not among the installed packs of this server.`,
  });
}

/**
 * Takes back what was made known to all servers and never registered: what was before returns, to this server. Undefined for a
 * pack that nobody knows of.
 */
async function undoShared(
  call: Call,
  ref: string,
): Promise<{ folder: boolean; registered: boolean; restored: boolean } | undefined> {
  const { content } = call.context.engine;
  const { installation } = call.context.packs;
  const known = content.get(call.project, "pack", ref);
  if (known === undefined) return undefined;
  const { installing } = known;
  if (installing === undefined) return { folder: false, registered: true, restored: false };
  if (installing === "") {
    await content.unregister(call.project, ref);
    await installation.remove(ref);
    return { folder: true, registered: false, restored: false };
  }
  const before = await content.codeOf(call.project, ref, installing);
  if (before === undefined) return undefined;
  const folder = await placeCopy(call, before, ref);
  await content.register(call.project, [folder], ["pack"]);
  return { folder: false, registered: true, restored: true };
}

/** Runs an action of the pack `packs`; what it does takes minutes and is followed like any execution. */
async function started(call: Call, action: string, parameters: JsonObject): Promise<Reply> {
  const { id } = await call.context.engine.executions.request(call.principal, { action, parameters });
  return { status: 202, json: { execution_id: id } };
}

/** Packs from elsewhere: the one door for their files, and what StackStorm's client asks for. */
export const PACK_INSTALL_ROUTES: readonly Route[] = [
  route({
    method: "POST",
    path: "/packs/archive",
    summary:
      "Installs the pack in an archive (.tar.gz, .tar or .zip) in the place of the one there was; for administrators.",
    verb: "install",
    resource: "pack",
    status: 201,
    takesBytes: ["application/gzip", "application/x-tar", "application/zip"],
    query: Type.Object({
      force: Type.Optional(
        Type.Boolean({
          description: "Also when it says that it is for other versions, or is registered from elsewhere.",
        }),
      ),
      register: Type.Optional(Type.Boolean({ description: "Take over what it holds at once; default true." })),
    }),
    response: Facts,
    handler: receive,
  }),
  route({
    method: "GET",
    path: "/packs/installed/{ref}",
    summary: "Shows what has to be known of an installed pack before it is registered; for administrators.",
    verb: "install",
    resource: "pack",
    response: Facts,
    handler: async (call) => ok(factsView(call, await installed(call, call.param("ref")))),
  }),
  route({
    method: "DELETE",
    path: "/packs/installed/{ref}",
    summary: "Removes the folder of an installed pack, and its virtualenv; for administrators.",
    verb: "install",
    resource: "pack",
    query: Type.Object({
      virtualenv: Type.Optional(Type.Boolean({ description: "Its virtualenv too; default true." })),
      undo: Type.Optional(
        Type.Boolean({
          description:
            "Only takes back what was not registered: the folder before it returns, and if there was none it goes.",
        }),
      ),
    }),
    response: Type.Object(
      { folder: Type.Boolean(), registered: Type.Boolean(), restored: Type.Boolean() },
      { additionalProperties: true },
    ),
    handler: async (call) => {
      const ref = call.param("ref");
      refuseSystemPack(ref);
      if (!REF.test(ref) || ref === "default") {
        throw new Invalid("pack.not-installed", { message: `"${ref.slice(0, 200)}" is no pack that can be removed.` });
      }
      const { installation, removeVirtualenv, ledger } = call.context.packs;
      if (ledger) await call.context.engine.content.catchUp();
      if (ledger && call.query.undo === true) {
        const undone = await undoShared(call, ref);
        if (undone) return ok(undone);
      }
      const known = call.context.engine.content.get(call.project, "pack", ref);
      const registered = known !== undefined;
      const restored = call.query.undo === true && (await installation.undo(ref));
      if (call.query.undo === true && (restored || registered)) return ok({ folder: false, registered, restored });
      const folder = await installation.remove(ref);
      if (call.query.virtualenv !== false) await removeVirtualenv(ref);
      return ok({ folder, registered, restored, ...(known && !folder ? { path: known.path } : {}) });
    },
  }),
  route({
    method: "POST",
    path: "/packs/install",
    summary:
      "Installs packs by name, URL or folder, with what they depend on: starts packs.install; for administrators.",
    verb: "install",
    resource: "pack",
    status: 202,
    body: Type.Object(
      {
        packs: PACKS,
        force: Type.Optional(Type.Boolean()),
        skip_dependencies: Type.Optional(Type.Boolean()),
        python3: Type.Optional(Type.Boolean({ description: "Changes nothing: packs always run with Python 3." })),
      },
      { additionalProperties: false },
    ),
    response: Started,
    handler: (call) => {
      const { packs, force = false, skip_dependencies = false } = call.body;
      return started(call, "packs.install", { packs, force, skip_dependencies });
    },
  }),
  route({
    method: "POST",
    path: "/packs/uninstall",
    summary:
      "Removes packs with all they brought, and their folders if they were installed: starts packs.uninstall; for administrators.",
    verb: "install",
    resource: "pack",
    status: 202,
    body: Type.Object({ packs: PACKS }, { additionalProperties: false }),
    response: Started,
    handler: (call) => {
      call.body.packs.forEach(refuseSystemPack);
      return started(call, "packs.uninstall", { packs: call.body.packs });
    },
  }),
];
