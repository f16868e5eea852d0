/**
 * Executions wait in queues by project, priority and what they ask of a worker (`wants`: labels as JSON, empty for none).
 * The index holds all that a claim looks at.
 *
 * The columns come after the wide ones. Lists that leave those out still read no overflow pages for them: a 0 and an empty
 * text have no bytes, so SQLite knows them from the row's header.
 */
export const queue = `
alter table execution add column priority integer not null default 0;
alter table execution add column wants text not null default '';

drop index execution_waiting;
create index execution_waiting on execution (lane, status, due) where status in ('requested', 'scheduled', 'delayed');
create index execution_queue on execution (lane, project, priority, wants, due, id, status)
  where status in ('requested', 'scheduled', 'delayed');

delete from sqlite_stat1 where idx = 'execution_waiting';
insert into sqlite_stat1 (tbl, idx, stat) values
  ('execution', 'execution_waiting', '1000 500 200 1'),
  ('execution', 'execution_queue', '1000 500 200 100 100 1 1 1');
`;
