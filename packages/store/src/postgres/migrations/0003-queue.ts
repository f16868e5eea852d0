/** Executions wait in queues by project, priority and what they ask of a worker (`wants`: labels as JSON, empty for none). */
export const queue = `
alter table execution add column priority int not null default 0, add column wants word not null default '';

drop index execution_waiting;
create index execution_waiting on execution (lane, status, due) where status in ('requested', 'scheduled', 'delayed');
create index execution_queue on execution (lane, project, priority, wants, due, id)
  where status in ('requested', 'scheduled', 'delayed');

drop function if exists squall_claim(text, int, text, bigint, bigint, bigint);
`;
