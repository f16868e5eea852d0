import type { ApiKey, JsonObject, Micros, Token, User } from "@squall/model";
import type { Listed, Page } from "../port.ts";
import type { Database, Row } from "./database.ts";
import { list } from "./listing.ts";
import { exists, missing, type Refusal } from "./refusal.ts";

// Messages name ids and users, never hashes: whoever reads a log must not find what a credential is looked up by.

const USER = "project, id, name, password, roles, enabled, created";
const TOKEN = "hash, id, project, user, expires, metadata, service";
const APIKEY = "project, id, user, hash, metadata, enabled, created";

export function putUser(db: Database, user: User): Refusal | undefined {
  const { project, id, name } = user;
  const taken = db.get("select id from user where project = ? and name = ? and id <> ?", project, name, id);
  if (taken) return exists(`user ${name} exists already in project ${project}, with id ${taken["id"]}`);
  db.run(
    `insert into user (${USER}) values (?, ?, ?, ?, ?, ?, ?)
    on conflict (project, id) do update set name = excluded.name, password = excluded.password, roles = excluded.roles,
      enabled = excluded.enabled, created = excluded.created`,
    project,
    id,
    name,
    user.password ?? null,
    JSON.stringify(user.roles),
    user.enabled ? 1 : 0,
    user.created,
  );
  return undefined;
}

export function getUser(db: Database, project: string, name: string): User | undefined {
  const row = db.get(`select ${USER} from user where project = ? and name = ?`, project, name);
  return row && decodeUser(row);
}

export function listUsers(db: Database, project: string): User[] {
  return db.all(`select ${USER} from user where project = ? order by name`, project).map(decodeUser);
}

export function insertToken(db: Database, token: Token): Refusal | undefined {
  const inserted = db.run(
    `insert into token (${TOKEN}) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    token.hash,
    token.id,
    token.project,
    token.user,
    token.expires,
    JSON.stringify(token.metadata),
    token.service ? 1 : 0,
  );
  return inserted === 0 ? exists(`the hash of token ${token.id} is taken`) : undefined;
}

export function deleteToken(db: Database, hash: string): Refusal | undefined {
  return db.run("delete from token where hash = ?", hash) === 0 ? missing("there is no such token") : undefined;
}

export function tokenByHash(db: Database, hash: string): Token | undefined {
  const row = db.get(`select ${TOKEN} from token where hash = ?`, hash);
  return row && decodeToken(row);
}

export function expiredTokens(db: Database, now: Micros, limit: number): Token[] {
  return db.all(`select ${TOKEN} from token where expires <= ? order by expires limit ?`, now, limit).map(decodeToken);
}

export function putApiKey(db: Database, key: ApiKey): Refusal | undefined {
  const { project, id, hash } = key;
  const taken = db.get("select 1 from apikey where hash = ? and not (project = ? and id = ?)", hash, project, id);
  if (taken) return exists(`the hash of API key ${id} is taken`);
  db.run(
    `insert into apikey (${APIKEY}) values (?, ?, ?, ?, ?, ?, ?)
    on conflict (project, id) do update set user = excluded.user, hash = excluded.hash, metadata = excluded.metadata,
      enabled = excluded.enabled, created = excluded.created`,
    project,
    id,
    key.user,
    hash,
    JSON.stringify(key.metadata),
    key.enabled ? 1 : 0,
    key.created,
  );
  return undefined;
}

export function deleteApiKey(db: Database, project: string, id: string): Refusal | undefined {
  const deleted = db.run("delete from apikey where project = ? and id = ?", project, id);
  return deleted === 0 ? missing(`project ${project} has no API key ${id}`) : undefined;
}

export function getApiKey(db: Database, project: string, id: string): ApiKey | undefined {
  const row = db.get(`select ${APIKEY} from apikey where project = ? and id = ?`, project, id);
  return row && decodeApiKey(row);
}

export function apiKeyByHash(db: Database, hash: string): ApiKey | undefined {
  const row = db.get(`select ${APIKEY} from apikey where hash = ?`, hash);
  return row && decodeApiKey(row);
}

/** Oldest first. */
export function listApiKeys(db: Database, project: string, page: Page): Listed<ApiKey> {
  return list(
    db,
    { table: "apikey", columns: APIKEY, time: "created", project, terms: [], order: "ascending", page },
    decodeApiKey,
  );
}

// Casts below: the columns hold what the functions above wrote from the same types.

function decodeUser(row: Row): User {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    name: row["name"] as string,
    roles: JSON.parse(String(row["roles"])) as string[],
    enabled: row["enabled"] === 1,
    created: row["created"] as number,
    ...(typeof row["password"] === "string" && { password: row["password"] }),
  };
}

function decodeToken(row: Row): Token {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    user: row["user"] as string,
    hash: row["hash"] as string,
    expires: row["expires"] as number,
    metadata: JSON.parse(String(row["metadata"])) as JsonObject,
    service: row["service"] === 1,
  };
}

function decodeApiKey(row: Row): ApiKey {
  return {
    id: row["id"] as string,
    project: row["project"] as string,
    user: row["user"] as string,
    hash: row["hash"] as string,
    metadata: JSON.parse(String(row["metadata"])) as JsonObject,
    enabled: row["enabled"] === 1,
    created: row["created"] as number,
  };
}
