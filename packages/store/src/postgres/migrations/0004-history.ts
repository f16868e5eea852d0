import { PARTS_TABLES } from "../parts.ts";

/**
 * What has ended goes from `execution` to `ended_execution`, and the history is in parts by time: ranges of ids, whose first
 * eight digits are the second in which they were made. So `execution` and its indexes stay small however long the history
 * is, old history goes with its parts, and ids are found in one part alone.
 *
 * What was there becomes the first part of each table, as it is: nothing is rewritten. Its bound is checked while others read
 * and write (`validate`), so that taking it in looks at no row. Rows that are in no part's range (odd ids, what was still needed
 * when its part went) are in the `_rest` of each table.
 *
 * A migration that changes the columns of `execution` from now on changes those of `ended_execution` in the same way.
 */
const LIVE = `status in ('requested', 'scheduled', 'delayed', 'running', 'pausing', 'paused', 'resuming', 'pending', 'canceling')`;

/** Where the first part ends: in two days, so that there is time to make the next ones. */
const CUT = `(select rpad(to_hex(ceil(extract(epoch from now()))::bigint + 172800), 24, '0'))`;

const tables = PARTS_TABLES.map(({ table, key }) => ({ table, key }));

export const history: readonly string[] = [
  // The functions of the first versions stood beside the tables and know the old ones.
  `do $$ declare one record; begin
    for one in select p.oid::regprocedure as name from pg_proc p
      where p.pronamespace = current_schema()::regnamespace and p.proname like 'squall\\_%' loop
      execute format('drop function %s cascade', one.name);
    end loop;
  end $$;
  create table history_part (suffix word primary key, low word, high word not null);
  insert into history_part select 'first', null, ${CUT};
  alter table execution rename to ended_execution;
  alter index execution_pkey rename to ended_execution_pkey;
  do $$ declare one record; bound text := (select high from history_part); begin
    for one in select * from (values ${tables.map(({ table, key }) => `('${table}', '${key}')`).join(", ")}) t (name, key) loop
      execute format('alter table %I rename to %I', one.name, one.name || '_first');
      execute format('alter table %I rename constraint %I to %I', one.name || '_first', one.name || '_pkey', one.name || '_first_pkey');
      execute format('create table %I (like %I including defaults)', one.name || '_rest', one.name || '_first');
      execute format('with odd as (delete from %1$I where %3$I >= %4$L returning *) insert into %2$I select * from odd',
        one.name || '_first', one.name || '_rest', one.key, bound);
      execute format('alter table %I add constraint %I check (%I < %L) not valid', one.name || '_first', one.name || '_first_bound',
        one.key, bound);
    end loop;
  end $$;
  create table execution (like ended_execution_first including defaults, primary key (project, id)) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
  insert into execution select * from ended_execution_first where ${LIVE};
  insert into execution select * from ended_execution_rest where ${LIVE};
  delete from ended_execution_first where ${LIVE};
  delete from ended_execution_rest where ${LIVE};
  ${liveIndexes()}`,
  ...tables.map(({ table }) => `alter table ${table}_first validate constraint ${table}_first_bound`),
  // Names of indexes are per schema: those of the first part make room for those of the whole.
  ...PARTS_TABLES.map(
    ({ table, key, primary, indexes }) => `
    do $$ declare one record; bound text := (select high from history_part where suffix = 'first'); begin
      for one in select indexrelid::regclass as name from pg_index where indrelid = '${table}_first'::regclass and not indisprimary loop
        execute format('alter index %s rename to %I', one.name, '${table}_first_' || (one.name::oid)::text);
      end loop;
      execute 'create table ${table} (like ${table}_first including defaults, primary key (${primary})) partition by range (${key})';
      ${indexes.map(({ name, on }) => `execute 'create index ${name} on ${table} ${on.replaceAll("'", "''")}';`).join("\n      ")}
      execute format('alter table ${table} attach partition ${table}_first for values from (minvalue) to (%L)', bound);
      execute 'alter table ${table}_first drop constraint ${table}_first_bound';
      execute 'alter table ${table} attach partition ${table}_rest default';
    end $$`,
  ),
  `create table continued (project word not null, execution word not null, of word not null, primary key (project, of, execution));
  insert into continued select project, id, substring(context from '"re-run":\\{"ref":"([^"\\\\]+)"')
    from execution where position('"re-run":{"ref":"' in context) > 0 on conflict do nothing;
  create view every_execution as select * from execution union all select * from ended_execution`,
];

/**
 * `execution` is empty when nothing waits, and may hold a hundred thousand rows a second later. A planner that last looked when
 * it was empty takes any index that could be used for the key, so there is none but the primary key's: no other one begins
 * with the project or holds the id.
 */
function liveIndexes(): string {
  return `
  do $$ declare one record; begin
    -- Those that say which wait and which are leased, as the migrations before made them.
    for one in select i.indexrelid::regclass as name, pg_get_indexdef(i.indexrelid) as made, c.relname as short
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = 'ended_execution_first'::regclass and c.relname not in ('ended_execution_first_pkey',
        'execution_by_start', 'execution_by_action', 'execution_by_status', 'execution_by_parent', 'execution_by_rule', 'execution_by_event') loop
      execute format('drop index %s', one.name);
      execute regexp_replace(one.made, ' ON (\\S*\\.)?ended_execution_first ', ' ON execution ');
    end loop;
  end $$;
  create index execution_live_start on execution (start);
  create index execution_live_parent on execution (parent, start) where parent is not null`;
}
