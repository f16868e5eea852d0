import type { ResourceKind, Snapshot } from "@squall/model";
import type { Change, StoredResource } from "../changes.ts";
import type { ContentChanges } from "../port.ts";
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
  noteChange(db, project, kind, id);
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
  noteChange(db, project, resourceKind, id);
  return undefined;
}

function noteChange(db: Database, project: string, kind: ResourceKind, id: string): void {
  db.run(
    `insert into content_change (project, kind, id, revision)
    select ?, ?, ?, coalesce(max(revision), 0) + 1 from content_change where true
    on conflict do update set revision = excluded.revision`,
    project,
    kind,
    id,
  );
}

export function contentSince(db: Database, after: number): ContentChanges {
  const revision = Number(db.get("select coalesce(max(revision), 0) as revision from content_change")?.["revision"]);
  if (after < 0) return { revision, changes: [] };
  const found = db.all(
    `select c.project, c.kind, c.id, r.ref, r.pack, r.name, r.version, r.body
    from content_change c left join resource r on r.project = c.project and r.kind = c.kind and r.id = c.id
    where c.revision > ? order by c.revision`,
    after,
  );
  return {
    revision,
    changes: found.map((row) => ({
      project: String(row["project"]),
      kind: row["kind"] as ResourceKind, // cast: written by noteChange
      id: String(row["id"]),
      ...(row["body"] !== null && { resource: decodeResource(row) }),
    })),
  };
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
