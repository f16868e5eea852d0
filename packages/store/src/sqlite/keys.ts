import type { Key, KeyScope, Micros } from "@squall/model";
import type { Change } from "../changes.ts";
import type { KeyFilter, Listed, Page } from "../port.ts";
import type { Database, Row, Value } from "./database.ts";
import { among } from "./listing.ts";
import { equals, type Term } from "../terms.ts";
import { checkVersion, missing, type Refusal } from "./refusal.ts";

const COLUMNS = "project, scope, user, name, id, secret, description, expires, version, updated, value";
const ONE = "project = ? and name = ? and scope = ? and user = ?";

/** A key that expired before `updated` is not there for `expect`, but its version goes on so that none comes twice. */
export function putKey(db: Database, key: Key, expect: number | undefined): Refusal | undefined {
  const found = db.get(`select version, expires from key where ${ONE}`, key.project, key.name, key.scope, key.user);
  const version = found && Number(found["version"]);
  const isAlive = found !== undefined && (found["expires"] === null || Number(found["expires"]) > key.updated);
  const refused = checkVersion(describeKey(key), isAlive ? version : undefined, expect);
  if (refused) return refused;
  db.run(
    `insert into key (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (project, name, scope, user) do update set id = excluded.id, secret = excluded.secret,
      description = excluded.description, expires = excluded.expires, version = excluded.version,
      updated = excluded.updated, value = excluded.value`,
    key.project,
    key.scope,
    key.user,
    key.name,
    key.id,
    key.secret ? 1 : 0,
    key.description ?? null,
    key.expires ?? null,
    (version ?? 0) + 1,
    key.updated,
    key.value,
  );
  return undefined;
}

export function deleteKey(db: Database, change: Extract<Change, { kind: "key.delete" }>): Refusal | undefined {
  const { project, name, scope, user } = change;
  const found = db.get(`select version from key where ${ONE}`, project, name, scope, user);
  if (!found) return missing(`${describeKey(change)} does not exist`);
  const refused = checkVersion(describeKey(change), Number(found["version"]), change.expect);
  if (refused) return refused;
  db.run(`delete from key where ${ONE}`, project, name, scope, user);
  return undefined;
}

function describeKey({ project, scope, user, name }: Pick<Key, "project" | "scope" | "user" | "name">): string {
  return `key ${name} (${scope}${user ? ` of ${user}` : ""}, project ${project})`;
}

export function getKey(
  db: Database,
  project: string,
  scope: KeyScope,
  user: string,
  name: string,
  now: Micros,
): Key | undefined {
  const row = db.get(
    `select ${COLUMNS} from key where ${ONE} and (expires is null or expires > ?)`,
    project,
    name,
    scope,
    user,
    now,
  );
  return row && decodeKey(row);
}

export function listKeys(db: Database, project: string, filter: KeyFilter, page: Page, now: Micros): Listed<Key> {
  const terms: Term[] = [
    { sql: "(expires is null or expires > ?)", values: [now] },
    ...equals({ scope: filter.scope, user: filter.user, name: filter.name }),
    ...among("id", filter.ids),
  ];
  if (filter.prefix) {
    terms.push({ sql: "name >= ?", values: [filter.prefix] });
    const end = afterPrefix(filter.prefix);
    if (end !== undefined) terms.push({ sql: "name < ?", values: [end] });
  }
  const where = ["project = ?", ...terms.map((term) => term.sql)].join(" and ");
  const values: Value[] = [project, ...terms.flatMap((term) => term.values)];
  const direction = filter.order === "descending" ? "desc" : "asc";
  const items = db
    .all(
      `select ${COLUMNS} from key where ${where} order by name ${direction}, scope ${direction}, user ${direction} limit ? offset ?`,
      ...values,
      page.limit ?? -1,
      page.offset ?? 0,
    )
    .map(decodeKey);
  if (!page.count) return { items };
  return { items, total: Number(db.get(`select count(*) as n from key where ${where}`, ...values)?.["n"]) };
}

/** The first text, by code points, after all that begin with the prefix; undefined when there is none. */
function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue;
    // 0xd800 to 0xdfff are surrogates, which are no characters.
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

export function expiredKeys(db: Database, now: Micros, limit: number): Key[] {
  return db
    .all(`select ${COLUMNS} from key where expires is not null and expires <= ? order by expires limit ?`, now, limit)
    .map(decodeKey);
}

function decodeKey(row: Row): Key {
  // Casts: written by putKey from the same types.
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    scope: row["scope"] as KeyScope,
    user: row["user"] as string,
    name: row["name"] as string,
    value: row["value"] as string,
    secret: row["secret"] === 1,
    version: row["version"] as number,
    updated: row["updated"] as number,
    ...(typeof row["description"] === "string" && { description: row["description"] }),
    ...(typeof row["expires"] === "number" && { expires: row["expires"] }),
  };
}
