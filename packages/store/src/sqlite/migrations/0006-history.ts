/** Which executions go on from which: whose history may be read while another one lives. */
export const history = `
create table continued (
  project text not null, execution text not null, of text not null,
  primary key (project, of, execution)
) without rowid;
create index continued_by on continued (project, execution);
insert or ignore into continued
select project, id, json_extract(context, '$."re-run".ref') from execution
where status not in ('succeeded', 'failed', 'timeout', 'abandoned', 'canceled') and context like '%"re-run"%'
  and json_extract(context, '$."re-run".ref') is not null;
`;
