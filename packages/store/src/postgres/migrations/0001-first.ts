/**
 * The first schema. JSON that only Squall reads is text: PostgreSQL's own types refuse texts with a NUL in them, which
 * results and outputs may hold, and take time to parse. `word` sorts by code point, whatever the database's locale.
 *
 * Indexes are those of the SQLite store, for the same lists.
 */
export const first = `
create domain word as text collate "C";

create table project (name word primary key);

create table resource (
  project word not null, kind word not null, id word not null, ref word not null, pack text not null,
  name text not null, version bigint not null, body text not null,
  primary key (project, kind, id)
);
create unique index resource_by_ref on resource (project, kind, ref);

create table snapshot (
  project word not null, digest word not null, body text not null,
  primary key (project, digest)
);

create table execution (
  project word not null, id word not null, status word not null, action word not null, runner word not null,
  lane word not null, start bigint not null, due bigint not null, created bigint not null, ended bigint,
  parent word, rule word, trigger word, trigger_type word, trigger_instance word, username word not null,
  liveaction word not null, snapshot word not null, worker word, lease_expires bigint, delay bigint,
  log jsonb not null, notify text, callback text, context text not null, context_changes text[],
  parameters text not null, result text,
  primary key (project, id)
) with (fillfactor = 70);
create index execution_by_start on execution (project, start, id);
create index execution_by_action on execution (project, action, start, id);
create index execution_by_status on execution (project, status, start, id);
create index execution_by_parent on execution (project, parent, start, id);
create index execution_by_rule on execution (project, rule, start, id) where rule is not null;
create index execution_by_event on execution (project, trigger_instance) where trigger_instance is not null;
create index execution_waiting on execution (lane, due, id) where status in ('requested', 'scheduled', 'delayed');
create index execution_leased on execution (lease_expires) where lease_expires is not null;

create table execution_value (
  project word not null, field word not null, value word not null,
  primary key (project, field, value)
);

create table output (
  project word not null, execution word not null, seq bigint not null, type word not null,
  timestamp bigint not null, data text not null,
  primary key (project, execution, seq)
);

create table workflow_step (
  project word not null, execution word not null, seq bigint not null, step text not null,
  primary key (project, execution, seq)
);
create table workflow_state (
  project word not null, execution word not null, seq bigint not null, state text not null,
  primary key (project, execution)
);

create table event (
  project word not null, id word not null, trigger word not null, trigger_type word not null, status word not null,
  occurrence_time bigint not null, trace_tag text, payload text not null,
  primary key (project, id)
);
create index event_by_time on event (project, occurrence_time, id);
create index event_by_type on event (project, trigger_type, occurrence_time, id);
create index event_unprocessed on event (project, status, occurrence_time, id) where status <> 'processed';

create table enforcement (
  project word not null, id word not null, rule_id word not null, rule_ref word not null, rule_uid word not null,
  trigger_instance word not null, execution word, enforced_at bigint not null, status word not null,
  failure_reason text,
  primary key (project, id)
);
create index enforcement_by_time on enforcement (project, enforced_at, id);
create index enforcement_by_rule on enforcement (project, rule_ref, enforced_at, id);
create index enforcement_by_event on enforcement (project, trigger_instance, id);
create index enforcement_by_execution on enforcement (project, execution, id) where execution is not null;

create table enforcement_rule (
  project word not null, rule_id word not null, rule_ref word not null,
  primary key (project, rule_id, rule_ref)
);

create table key (
  project word not null, scope word not null, username word not null, name word not null, id word not null,
  secret boolean not null, description text, expires bigint, version bigint not null, updated bigint not null,
  value text not null,
  primary key (project, name, scope, username)
);
create index key_expiring on key (expires) where expires is not null;

create table timer (
  project word not null, trigger word not null, last bigint not null, next bigint, version bigint not null,
  primary key (project, trigger)
);

create table account (
  project word not null, id word not null, name word not null, password text, roles text not null,
  enabled boolean not null, created bigint not null,
  primary key (project, id)
);
create unique index account_by_name on account (project, name);

create table token (
  hash word primary key, id word not null, project word not null, username word not null, expires bigint not null,
  metadata text not null, service boolean not null
);
create index token_expiring on token (expires);

create table apikey (
  project word not null, id word not null, username word not null, hash word not null unique, metadata text not null,
  enabled boolean not null, created bigint not null,
  primary key (project, id)
);

-- Whoever has the database to itself counts this up; what an earlier one still sends is refused.
create table owner (epoch bigint not null);
insert into owner values (0);

-- Which groups of changes were committed, for a writer whose connection broke before it heard so.
create table written_group (id word primary key, at timestamptz not null default now(), outcomes jsonb not null);
create index written_group_by_time on written_group (at);
`;
