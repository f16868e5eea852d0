/**
 * The first schema. Columns that are filtered or guarded are real columns, the rest is JSON text; wide columns come
 * last, so that a list that leaves them out never reads their overflow pages.
 *
 * Every index is paid for on each of thousands of writes a second, so there is one per list that people open and none
 * for filters that may walk the list by time (`runner`, `user`, `trigger`, `liveaction`).
 *
 * `sqlite_stat1` is filled by hand instead of by ANALYZE: plans must not depend on what the table held on the day it was
 * last analysed. The numbers say "one project has everything, an action has a hundredth of it".
 */
export const first = `
create table project (name text primary key) without rowid;

create table resource (
  project text not null, kind text not null, id text not null, ref text not null, pack text not null,
  name text not null, version integer not null, body text not null,
  primary key (project, kind, ref)
);
create unique index resource_by_id on resource (project, kind, id);

create table snapshot (
  project text not null, digest text not null, body text not null,
  primary key (project, digest)
);

create table execution (
  project text not null, id text not null, status text not null, action text not null, runner text not null,
  lane text not null, start integer not null, due integer not null, created integer not null, ended integer,
  parent text, rule text, trigger text, trigger_type text, trigger_instance text, user text not null,
  liveaction text not null, snapshot text not null, worker text, lease_expires integer, delay integer,
  log text not null, notify text, callback text, context text not null, parameters text not null, result text,
  primary key (project, id)
);
create index execution_by_start on execution (project, start, id);
create index execution_by_action on execution (project, action, start, id);
create index execution_by_status on execution (project, status, start, id, parent);
create index execution_by_parent on execution (project, parent, start, id);
create index execution_by_rule on execution (project, rule, start, id) where rule is not null;
create index execution_by_event on execution (project, trigger_instance) where trigger_instance is not null;
create index execution_waiting on execution (lane, due, id) where status in ('requested', 'scheduled', 'delayed');
create index execution_leased on execution (lease_expires) where lease_expires is not null;

create table execution_value (
  project text not null, field text not null, value text not null,
  primary key (project, field, value)
) without rowid;

create table output (
  project text not null, execution text not null, seq integer not null, type text not null,
  timestamp integer not null, data text not null,
  primary key (project, execution, seq)
) without rowid;

create table event (
  project text not null, id text not null, trigger text not null, trigger_type text not null, status text not null,
  occurrence_time integer not null, trace_tag text, payload text not null,
  primary key (project, id)
);
create index event_by_time on event (project, occurrence_time, id);
create index event_by_type on event (project, trigger_type, occurrence_time, id);
create index event_unprocessed on event (project, status, occurrence_time, id) where status <> 'processed';

create table enforcement (
  project text not null, id text not null, rule_id text not null, rule_ref text not null, rule_uid text not null,
  trigger_instance text not null, execution text, enforced_at integer not null, status text not null,
  failure_reason text,
  primary key (project, id)
) without rowid;
create index enforcement_by_time on enforcement (project, enforced_at, id);
create index enforcement_by_rule on enforcement (project, rule_ref, enforced_at, id);
create index enforcement_by_event on enforcement (project, trigger_instance, id);
create index enforcement_by_execution on enforcement (project, execution, id) where execution is not null;

create table enforcement_rule (
  project text not null, rule_id text not null, rule_ref text not null,
  primary key (project, rule_id, rule_ref)
) without rowid;

create table key (
  project text not null, scope text not null, user text not null, name text not null, id text not null,
  secret integer not null, description text, expires integer, version integer not null, updated integer not null,
  value text not null,
  primary key (project, name, scope, user)
);
create index key_expiring on key (expires) where expires is not null;

create table timer (
  project text not null, trigger text not null, last integer not null, next integer, version integer not null,
  primary key (project, trigger)
) without rowid;

create table user (
  project text not null, id text not null, name text not null, password text, roles text not null,
  enabled integer not null, created integer not null,
  primary key (project, id)
) without rowid;
create unique index user_by_name on user (project, name);

create table token (
  hash text primary key, id text not null, project text not null, user text not null, expires integer not null,
  metadata text not null, service integer not null
) without rowid;
create index token_expiring on token (expires);

create table apikey (
  project text not null, id text not null, user text not null, hash text not null unique, metadata text not null,
  enabled integer not null, created integer not null,
  primary key (project, id)
) without rowid;

analyze;
insert into sqlite_stat1 (tbl, idx, stat) values
  ('execution', 'sqlite_autoindex_execution_1', '1000000 1000000 1'),
  ('execution', 'execution_by_start', '1000000 1000000 1 1'),
  ('execution', 'execution_by_action', '1000000 1000000 10000 1 1'),
  ('execution', 'execution_by_status', '1000000 1000000 50000 1 1 1'),
  ('execution', 'execution_by_parent', '1000000 1000000 100000 1 1'),
  ('execution', 'execution_by_rule', '1000000 1000000 10000 1 1'),
  ('execution', 'execution_by_event', '1000000 1000000 2'),
  ('execution', 'execution_waiting', '1000 500 1 1'),
  ('execution', 'execution_leased', '100 1'),
  ('event', 'sqlite_autoindex_event_1', '1000000 1000000 1'),
  ('event', 'event_by_time', '1000000 1000000 1 1'),
  ('event', 'event_by_type', '1000000 1000000 100000 1 1'),
  ('event', 'event_unprocessed', '1000 1000 500 1 1'),
  ('enforcement', 'enforcement', '1000000 1000000 1'),
  ('enforcement', 'enforcement_by_time', '1000000 1000000 1 1'),
  ('enforcement', 'enforcement_by_rule', '1000000 1000000 10000 1 1'),
  ('enforcement', 'enforcement_by_event', '1000000 1000000 2 1'),
  ('enforcement', 'enforcement_by_execution', '1000000 1000000 1 1');
`;
