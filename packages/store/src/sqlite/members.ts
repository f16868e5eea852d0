import type { Member } from "@squall/model";
import type { Beaten, PresentMember } from "../port.ts";
import type { Database } from "./database.ts";
import { exists, missing, type Refusal, stale } from "./refusal.ts";

/**
 * Members and what they hold live in memory: one process has the file, so they end with it, and every lease that the
 * last one left is lost at the next start.
 */
export function createMembers(db: Database): void {
  db.exec(`
    create table temp.member (id text primary key, beats integer not null, seen integer not null, body text not null);
    create table temp.singleton (name text primary key, member text not null);
    create table temp.beat (last integer not null);
    insert into temp.beat values (0);
  `);
}

/**
 * `at`: now, microseconds. Beats are counted over all members, so that a row that is made again is not taken for the one
 * before.
 */
export function beat(db: Database, member: Member, at: number): Beaten {
  const body = JSON.stringify(member);
  const isPresentAlready = isPresent(db, member.id);
  db.run("update temp.beat set last = last + 1");
  db.run(
    `insert into temp.member (id, beats, seen, body) select ?, last, ?, ? from temp.beat where true
    on conflict (id) do update set beats = excluded.beats, seen = excluded.seen, body = excluded.body`,
    member.id,
    at,
    body,
  );
  const canceling = db.all("select project, id from execution where worker = ? and status = 'canceling'", member.id);
  return {
    joined: !isPresentAlready,
    canceling: canceling.map((row) => ({ project: String(row["project"]), id: String(row["id"]) })),
  };
}

export function listMembers(db: Database): PresentMember[] {
  return db.all("select beats, seen, body from temp.member order by id").map((row) => ({
    ...(JSON.parse(String(row["body"])) as Member), // cast: written by beat
    beats: Number(row["beats"]),
    seen: Number(row["seen"]),
  }));
}

export function evictMember(db: Database, id: string, beats: number): Refusal | undefined {
  if (db.run("delete from temp.member where id = ? and beats = ?", id, beats) > 0) {
    db.run("delete from temp.singleton where member = ?", id);
    return undefined;
  }
  if (!isPresent(db, id)) return missing(`there is no member ${id}`);
  return stale(`member ${id} has beaten since, so it is not evicted`);
}

export function removeMember(db: Database, id: string): void {
  db.run("delete from temp.member where id = ?", id);
  db.run("delete from temp.singleton where member = ?", id);
}

export function takeSingleton(db: Database, name: string, member: string): Refusal | undefined {
  if (!isPresent(db, member)) return missing(`there is no member ${member}, so it cannot have ${name}`);
  const holder = db.get("select member from temp.singleton where name = ?", name)?.["member"];
  if (holder !== undefined && holder !== member) return exists(`${name} is taken by member ${holder}`);
  db.run("insert or ignore into temp.singleton (name, member) values (?, ?)", name, member);
  return undefined;
}

export function releaseSingleton(db: Database, name: string, member: string): void {
  db.run("delete from temp.singleton where name = ? and member = ?", name, member);
}

export function listSingletons(db: Database): { name: string; member: string }[] {
  return db
    .all("select name, member from temp.singleton order by name")
    .map((row) => ({ name: String(row["name"]), member: String(row["member"]) }));
}

function isPresent(db: Database, id: string): boolean {
  return db.get("select 1 from temp.member where id = ?", id) !== undefined;
}
