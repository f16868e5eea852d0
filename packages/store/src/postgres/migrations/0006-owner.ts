/** Whose epoch it is: of one process that has the database to itself, or of all members of a cluster. */
export const owner = `
alter table owner add column shared boolean not null default false;
`;
