/**
 * Leases have no time any more: one holds while its worker is a present member. What is told to workflows, when content
 * changed last, and who this installation is.
 */
export const members = `
drop index execution_leased;
drop function if exists squall_claim(text, int, text, bigint, bigint, bigint);
alter table execution drop column lease_expires;
create index execution_leased on execution (worker, status) where worker is not null;

-- Written again and again: room for new versions beside the old ones.
create table member (
  id word primary key, joined bigint not null, beats bigint not null, seen bigint not null, body text not null
) with (fillfactor = 50);
create table singleton (
  name word primary key, member word not null references member (id) on delete cascade
);
create index singleton_by_member on singleton (member);

create table told (
  seq bigint generated always as identity, project word not null, id word not null, execution word not null,
  shard int not null, event text not null, context text,
  primary key (project, id)
);
create index told_by_shard on told (shard, seq);

create table content_change (
  project word not null, kind word not null, id word not null, revision bigint not null,
  primary key (project, kind, id)
);
create unique index content_change_by_revision on content_change (revision);
create sequence content_revision;

create table installation (one boolean primary key default true check (one), id text not null, seal text not null);
`;
