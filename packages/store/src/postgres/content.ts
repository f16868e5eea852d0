import type {
  ApiKey,
  JsonObject,
  Key,
  KeyScope,
  Micros,
  ResourceKind,
  Snapshot,
  TimerState,
  Token,
  User,
} from "@squall/model";
import type { StoredResource } from "../changes.ts";
import type { ContentChanges, KeyFilter, Listed, Page } from "../port.ts";
import type { Reader, Row } from "./connection.ts";
import { among, holdsNul, list } from "./listing.ts";
import { equals, type Term } from "../terms.ts";

const KEY = "project, scope, username, name, id, secret, description, expires, version, updated, value";
const USER = "project, id, name, password, roles, enabled, created";
const TOKEN = "hash, id, project, username, expires, metadata, service";
const APIKEY = "project, id, username, hash, metadata, enabled, created";

export async function listResources(db: Reader, project: string, kind: ResourceKind): Promise<StoredResource[]> {
  const rows = await db.all(
    "select project, kind, id, ref, pack, name, version, body from resource where project = ? and kind = ? order by ref",
    project,
    kind,
  );
  return rows.map(decodeResource);
}

export async function contentSince(db: Reader, after: number): Promise<ContentChanges> {
  // In one statement: what comes in between would have a revision and no change.
  const rows = await db.all(
    `select latest.revision, c.project, c.kind, c.id, r.ref, r.pack, r.name, r.version, r.body
    from (select coalesce(max(revision), 0) as revision from content_change) latest
    left join content_change c on c.revision > ?
    left join resource r on r.project = c.project and r.kind = c.kind and r.id = c.id
    order by c.revision`,
    after < 0 ? Number.MAX_SAFE_INTEGER : after,
  );
  return {
    revision: Number(rows[0]?.["revision"]),
    changes: rows
      .filter((row) => row["id"] !== null)
      .map((row) => ({
        project: String(row["project"]),
        kind: row["kind"] as ResourceKind, // cast: written by squall_note_content
        id: String(row["id"]),
        ...(row["body"] !== null && { resource: decodeResource(row) }),
      })),
  };
}

function decodeResource(row: Row): StoredResource {
  const { project, kind, id, ref, pack, name, version } = row;
  const body: unknown = JSON.parse(String(row["body"]));
  // Cast: the body is of the kind that stands beside it.
  return { project, kind, id, ref, pack, name, version, body } as unknown as StoredResource;
}

export async function getSnapshots(
  db: Reader,
  project: string,
  digests: readonly string[],
): Promise<Map<string, Snapshot>> {
  const rows = await db.all(
    "select digest, body from snapshot where project = ? and digest = any(?::text[])",
    project,
    digests,
  );
  return new Map(rows.map((row) => [String(row["digest"]), JSON.parse(String(row["body"])) as Snapshot]));
}

export async function getKey(
  db: Reader,
  project: string,
  scope: KeyScope,
  user: string,
  name: string,
  now: Micros,
): Promise<Key | undefined> {
  if (holdsNul(name) || holdsNul(user)) return undefined;
  const row = await db.get(
    `select ${KEY} from key where project = ? and name = ? and scope = ? and username = ?
    and (expires is null or expires > ?)`,
    project,
    name,
    scope,
    user,
    now,
  );
  return row && decodeKey(row);
}

export async function listKeys(
  db: Reader,
  project: string,
  filter: KeyFilter,
  page: Page,
  now: Micros,
): Promise<Listed<Key>> {
  const terms: Term[] = [
    { sql: "(expires is null or expires > ?)", values: [now] },
    ...equals({ scope: filter.scope, username: filter.user, name: filter.name }),
    ...among("id", filter.ids),
    ...(filter.prefix ? [{ sql: "starts_with(name, ?)", values: [filter.prefix] }] : []),
  ];
  // The index has names in their order; the prefix as a lower bound lets it begin there.
  if (filter.prefix) terms.push({ sql: "name >= ?", values: [filter.prefix] });
  if (terms.some(({ values }) => values.some(holdsNul))) return page.count ? { items: [], total: 0 } : { items: [] };
  const where = ["project = ?", ...terms.map((term) => term.sql)].join(" and ");
  const values = [project, ...terms.flatMap((term) => term.values)];
  const direction = filter.order === "descending" ? "desc" : "asc";
  const rows = await db.all(
    `select ${KEY} from key where ${where}
    order by name ${direction}, scope ${direction}, username ${direction} limit ? offset ?`,
    ...values,
    page.limit ?? null,
    page.offset ?? 0,
  );
  const items = rows.map(decodeKey);
  if (!page.count) return { items };
  return { items, total: Number((await db.get(`select count(*) as n from key where ${where}`, ...values))?.["n"]) };
}

export async function expiredKeys(db: Reader, now: Micros, limit: number): Promise<Key[]> {
  const rows = await db.all(
    `select ${KEY} from key where expires is not null and expires <= ? order by expires limit ?`,
    now,
    limit,
  );
  return rows.map(decodeKey);
}

export async function listTimers(db: Reader, project: string): Promise<TimerState[]> {
  const rows = await db.all(
    "select project, trigger, last, next, version from timer where project = ? order by trigger",
    project,
  );
  return rows.map(({ next, ...row }) => ({ ...row, ...(next !== null && { next }) }) as unknown as TimerState);
}

export async function getUser(db: Reader, project: string, name: string): Promise<User | undefined> {
  if (holdsNul(name)) return undefined;
  const row = await db.get(`select ${USER} from account where project = ? and name = ?`, project, name);
  return row && decodeUser(row);
}

export async function listUsers(db: Reader, project: string): Promise<User[]> {
  return (await db.all(`select ${USER} from account where project = ? order by name`, project)).map(decodeUser);
}

export async function tokenByHash(db: Reader, hash: string): Promise<Token | undefined> {
  const row = await db.get(`select ${TOKEN} from token where hash = ?`, hash);
  return row && decodeToken(row);
}

export async function expiredTokens(db: Reader, now: Micros, limit: number): Promise<Token[]> {
  return (await db.all(`select ${TOKEN} from token where expires <= ? order by expires limit ?`, now, limit)).map(
    decodeToken,
  );
}

export async function getApiKey(db: Reader, project: string, id: string): Promise<ApiKey | undefined> {
  if (holdsNul(id)) return undefined;
  const row = await db.get(`select ${APIKEY} from apikey where project = ? and id = ?`, project, id);
  return row && decodeApiKey(row);
}

export async function apiKeyByHash(db: Reader, hash: string): Promise<ApiKey | undefined> {
  const row = await db.get(`select ${APIKEY} from apikey where hash = ?`, hash);
  return row && decodeApiKey(row);
}

/** Oldest first. */
export function listApiKeys(db: Reader, project: string, page: Page): Promise<Listed<ApiKey>> {
  return list(
    db,
    { table: "apikey", columns: APIKEY, time: "created", project, terms: [], order: "ascending", page },
    decodeApiKey,
  );
}

// Casts below: the columns hold what encode.ts wrote from the same types.

function decodeKey(row: Row): Key {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    scope: row["scope"] as KeyScope,
    user: row["username"] as string,
    name: row["name"] as string,
    value: JSON.parse(String(row["value"])) as string,
    secret: row["secret"] as boolean,
    version: row["version"] as number,
    updated: row["updated"] as number,
    ...(typeof row["description"] === "string" && { description: JSON.parse(row["description"]) as string }),
    ...(typeof row["expires"] === "number" && { expires: row["expires"] }),
  };
}

function decodeUser(row: Row): User {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    name: row["name"] as string,
    roles: JSON.parse(String(row["roles"])) as string[],
    enabled: row["enabled"] as boolean,
    created: row["created"] as number,
    ...(typeof row["password"] === "string" && { password: row["password"] }),
  };
}

function decodeToken(row: Row): Token {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    user: row["username"] as string,
    hash: row["hash"] as string,
    expires: row["expires"] as number,
    metadata: JSON.parse(String(row["metadata"])) as JsonObject,
    service: row["service"] as boolean,
  };
}

function decodeApiKey(row: Row): ApiKey {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    user: row["username"] as string,
    hash: row["hash"] as string,
    metadata: JSON.parse(String(row["metadata"])) as JsonObject,
    enabled: row["enabled"] as boolean,
    created: row["created"] as number,
  };
}
