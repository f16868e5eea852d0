/**
 * The code of packs, in parts, so that none is too large for a statement. `kept` is set by the list that names it: before
 * that, its parts are only on their way. `idle_since`: when it was found that nothing names it any more.
 */
export const archives = `
create table archive (
  digest word primary key, parts int not null, kept boolean not null default false, idle_since timestamptz
);
create table archive_part (
  digest word not null references archive on delete cascade, seq int not null, bytes bytea not null,
  primary key (digest, seq)
);
-- It is compressed already.
alter table archive_part alter column bytes set storage external;
`;
