/**
 * Leases have no time any more: one holds while its worker is a present member (members.ts). What is told to workflows,
 * when content changed last, and who this installation is.
 */
export const members = `
drop index execution_leased;
alter table execution drop column lease_expires;
create index execution_leased on execution (worker, status) where worker is not null;
insert into sqlite_stat1 (tbl, idx, stat) values ('execution', 'execution_leased', '1000 100 50');

create table told (
  seq integer primary key, project text not null, id text not null, execution text not null, shard integer not null,
  event text not null, context text,
  unique (project, id)
);

create table content_change (
  project text not null, kind text not null, id text not null, revision integer not null,
  primary key (project, kind, id)
) without rowid;
create unique index content_change_by_revision on content_change (revision);

create table installation (one integer primary key check (one = 1), id text not null, seal text not null);
`;
