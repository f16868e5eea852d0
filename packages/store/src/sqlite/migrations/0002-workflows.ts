/** The history of workflows: what happened, step by step, and now and then the state after a step. */
export const workflows = `
create table workflow_step (
  project text not null, execution text not null, seq integer not null, step text not null,
  primary key (project, execution, seq)
) without rowid;

create table workflow_state (
  project text not null, execution text not null, seq integer not null, state text not null,
  primary key (project, execution)
);
`;
