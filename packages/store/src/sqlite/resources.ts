import type { ResourceKind, Snapshot } from "@squall/model";
import type { Change, StoredResource } from "../changes.ts";
import type { Database, Row } from "./database.ts";
import { checkVersion, exists, missing, type Refusal } from "./refusal.ts";

export function putResource(db: Database, resource: StoredResource, expect: number | undefined): Refusal | undefined {
  const { project, kind, id, ref } = resource;
  const found = db.get("select version from resource where project = ? and kind = ? and id = ?", project, kind, id);
  const version = found && Number(found["version"]);
  const refused = checkVersion(`${kind} ${ref} (${id}) of project ${project}`, version, expect);
  if (refused) return refused;
  const taken = db.get(
    "select id from resource where project = ? and kind = ? and ref = ? and id <> ?",
    project,
    kind,
    ref,
    id,
  );
  if (taken) return exists(`${kind} ${ref} exists already in project ${project}, with id ${taken["id"]}`);
  db.run(
    `insert into resource (project, kind, id, ref, pack, name, version, body) values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (project, kind, id) do update set ref = excluded.ref, pack = excluded.pack, name = excluded.name,
      version = excluded.version, body = excluded.body`,
    project,
    kind,
    id,
    ref,
    resource.pack,
    resource.name,
    (version ?? 0) + 1,
    JSON.stringify(resource.body),
  );
  return undefined;
}

export function deleteResource(
  db: Database,
  { project, resourceKind, id, expect }: Extract<Change, { kind: "resource.delete" }>,
): Refusal | undefined {
  const found = db.get(
    "select version from resource where project = ? and kind = ? and id = ?",
    project,
    resourceKind,
    id,
  );
  if (!found) return missing(`project ${project} has no ${resourceKind} ${id}`);
  const refused = checkVersion(`${resourceKind} ${id} of project ${project}`, Number(found["version"]), expect);
  if (refused) return refused;
  db.run("delete from resource where project = ? and kind = ? and id = ?", project, resourceKind, id);
  return undefined;
}

export function listResources(db: Database, project: string, kind: ResourceKind): StoredResource[] {
  return db
    .all(
      "select project, kind, id, ref, pack, name, version, body from resource where project = ? and kind = ? order by ref",
      project,
      kind,
    )
    .map(decodeResource);
}

function decodeResource(row: Row): StoredResource {
  // Cast: written by putResource, whose body is of the kind that stands beside it.
  const body: unknown = JSON.parse(String(row["body"]));
  return { ...row, body } as unknown as StoredResource;
}

export function keepSnapshot(db: Database, project: string, digest: string, snapshot: Snapshot): void {
  if (!db.isNew("snapshot", project, digest)) return;
  db.run(
    "insert or ignore into snapshot (project, digest, body) values (?, ?, ?)",
    project,
    digest,
    JSON.stringify(snapshot),
  );
}

export function getSnapshots(db: Database, project: string, digests: readonly string[]): Map<string, Snapshot> {
  const found = db.all(
    "select digest, body from snapshot where project = ? and digest in (select value from json_each(?))",
    project,
    JSON.stringify(digests),
  );
  // Cast: written by keepSnapshot.
  return new Map(found.map((row) => [String(row["digest"]), JSON.parse(String(row["body"])) as Snapshot]));
}
