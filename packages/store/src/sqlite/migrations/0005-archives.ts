/**
 * The code of packs, in parts, so that no transaction writes much at once. `kept` is set by the list that names it: before
 * that, its parts are only on their way. `idle_since`: when it was found that nothing names it any more, in microseconds.
 */
export const archives = `
create table archive (
  digest text primary key, parts integer not null, kept integer not null, idle_since integer
) without rowid;

create table archive_part (
  digest text not null, seq integer not null, bytes blob not null,
  primary key (digest, seq)
);
`;
