import type { Encoded } from "./encode.ts";

/**
 * New rows of a whole group of lists, by table: one statement for all of a kind instead of one for each, which is half of
 * what a group costs the database. Nothing of a group needs another list's rows not to be there yet, and what is refused
 * undoes all of it, so the order does not matter. The careful call, which says what was refused, takes the lists as they are.
 */
export function withNewRows(lists: readonly (readonly Encoded[])[]): Encoded[][] {
  const made = {
    kind: "rows",
    at: 0,
    event: [] as unknown[],
    enforcement: [] as unknown[],
    execution: [] as unknown[],
  };
  const others: Encoded[][] = [];
  for (const list of lists) {
    const rest: Encoded[] = [];
    for (const change of list) {
      if (change.kind === "event.insert") made.event.push(change["row"]);
      else if (change.kind === "enforcement.insert") made.enforcement.push(change["row"]);
      else if (change.kind === "execution.insert" && change["finished"] !== true) made.execution.push(change["row"]);
      else rest.push(change);
    }
    if (rest.length > 0) others.push(rest);
  }
  const isAny = made.event.length + made.enforcement.length + made.execution.length > 0;
  return isAny ? [[made], ...others] : others;
}

/** What takes them, inside the database; created anew at each migration. */
export const newRows = `
-- Planned at each call, with the ids in its text: so it opens no part of the history but those that they are in, and sees how large
-- they are. A plan that is kept was made when a day's part was empty and any index that begins with the project seemed good.
create function squall_has_ended(made jsonb) returns boolean language plpgsql as $$
declare
  projects text; ids text; pairs text; one_has boolean;
begin
  select array_agg(distinct row->>'project'), array_agg(row->>'id'), array_agg(row->>'project' || '/' || (row->>'id'))
  into projects, ids, pairs from jsonb_array_elements(made) as row;
  if ids is null then return false; end if;
  execute format('select exists (select from ended_execution
    where project = any(%L::text[]) and id = any(%L::text[]) and project || ''/'' || id = any(%L::text[]))', projects, ids, pairs)
  into one_has;
  return one_has;
end $$;

create function squall_insert_rows(made jsonb, at int) returns void language plpgsql as $$
declare
  n int; inserted int := 0;
begin
  insert into event select * from jsonb_populate_recordset(null::event, made->'event') on conflict do nothing;
  get diagnostics n = row_count;
  inserted := inserted + n;
  insert into enforcement select * from jsonb_populate_recordset(null::enforcement, made->'enforcement') on conflict do nothing;
  get diagnostics n = row_count;
  inserted := inserted + n;
  insert into execution select * from jsonb_populate_recordset(null::execution, made->'execution') on conflict do nothing;
  get diagnostics n = row_count;
  inserted := inserted + n;
  if squall_has_ended(made->'execution') then
    perform squall_refuse('exists', at, 'an execution with one of these ids has ended already');
  end if;
  if inserted < jsonb_array_length(made->'event') + jsonb_array_length(made->'enforcement') + jsonb_array_length(made->'execution') then
    perform squall_refuse('exists', at, 'a row with one of these ids is there already');
  end if;
end $$;
`;
