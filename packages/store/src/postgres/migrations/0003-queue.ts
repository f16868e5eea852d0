/** Executions wait in queues by project, priority and what they ask of a worker (`wants`: labels as JSON, empty for none). */
export const queue = `
alter table execution add column priority int not null default 0, add column wants word not null default '';

drop index execution_waiting;
create index execution_waiting on execution (lane, status, due) where status in ('requested', 'scheduled', 'delayed');
create index execution_queue on execution (lane, project, priority, wants, due, id)
  where status in ('requested', 'scheduled', 'delayed');

-- What was taken lies at the front of its queue until then, and claims pass by it; a fifth of a long history is too much.
alter table execution set (autovacuum_vacuum_scale_factor = 0.05);

drop function if exists squall_claim(text, int, text, bigint, bigint, bigint);
drop function if exists squall_claim(text, int, text, bigint, bigint);
`;
