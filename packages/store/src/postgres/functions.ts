import { claiming } from "./claiming.ts";
import { newRows } from "./new-rows.ts";
import { EXECUTION_STATUSES, isCompleted } from "@squall/model";

const UNFINISHED = EXECUTION_STATUSES.filter((status) => !isCompleted(status))
  .map((status) => `'${status}'`)
  .join(", ");

/** Any number that nothing else in the database takes. */
const CONTENT_LOCK = 7_305_142_028;

/**
 * What writes, inside the database: a whole group of lists of changes in one call, so that a group costs one round trip.
 * Created anew at each migration; they hold no state.
 *
 * A change that cannot be raises SQ001 with its reason as detail and its place as hint. The optimistic call lets that undo
 * everything; the careful one undoes only the list, at the price of a subtransaction for each.
 *
 * Rows that several processes may write at the same moment are first locked, and inserted "on conflict do nothing": whoever
 * loses that race looks again.
 */
export const functions = `
create function squall_refuse(reason text, at int, message text) returns void language plpgsql as $$
begin
  raise exception using errcode = 'SQ001', message = message, detail = reason, hint = at::text;
end $$;

create function squall_version(what text, has bigint, expect bigint, at int) returns void
language plpgsql as $$
begin
  if expect is null or expect = coalesce(has, 0) then return; end if;
  if has is null then
    perform squall_refuse('missing', at, format('%s does not exist, so it has no version %s to replace', what, expect));
  elsif expect = 0 then
    perform squall_refuse('exists', at, format('%s exists already', what));
  end if;
  perform squall_refuse('stale', at, format('%s has version %s, not %s: somebody wrote it in between', what, has, expect));
end $$;

create function squall_move_execution(c jsonb, at int) returns void language plpgsql as $$
declare
  r execution; ended text; finished boolean := (c->>'finished')::boolean;
begin
  -- What ends goes to the history: it is written there once, with all of its indexes, and leaves the few of what lives. Whatever
  -- speaks against it undoes this.
  if finished then
    delete from execution where project = c->>'project' and id = c->>'id' returning * into r;
  else
    -- By the primary key alone: with the status in the condition as well, a planner without statistics walks its index.
    select * into r from execution where project = c->>'project' and id = c->>'id' for update;
  end if;
  if r.status is null then
    select status into ended from ended_execution where project = c->>'project' and id = c->>'id';
    if ended is null then
      perform squall_refuse('missing', at, format('project %s has no execution %s', c->>'project', c->>'id'));
    end if;
    perform squall_refuse('stale', at, format('execution %s is %s and never moves again, so it cannot become %s', c->>'id', ended,
      c->>'to'));
  elsif not c->'from' ? r.status then
    perform squall_refuse('stale', at, format('execution %s is %s, so it cannot become %s', c->>'id', r.status, c->>'to'));
  elsif c ? 'worker' and r.worker is distinct from c->>'worker' then
    perform squall_refuse('stale', at, format('execution %s is %s, not leased to %s', c->>'id',
      coalesce('leased to ' || r.worker, 'not leased'), c->>'worker'));
  end if;
  r.status := c->>'to';
  r.log := r.log || jsonb_build_array(c->'entry');
  if finished or c->'lease' = 'null' then
    r.worker := null;
  elsif c ? 'lease' then
    r.worker := c#>>'{lease,worker}';
  end if;
  if c ? 'start' then r.start := (c->>'start')::bigint; end if;
  if c ? 'due' then r.due := (c->>'due')::bigint; end if;
  if c ? 'end' then r.ended := (c->>'end')::bigint; end if;
  if c ? 'result' then r.result := c->>'result'; end if;
  if c ? 'context' then r.context_changes := r.context_changes || (c->>'context'); end if;
  if finished then
    insert into ended_execution select r.*;
  else
    update execution set status = r.status, log = r.log, worker = r.worker, start = r.start,
      due = r.due, ended = r.ended, result = r.result, context_changes = r.context_changes
    where project = r.project and id = r.id;
  end if;
end $$;

-- An id is taken whether its execution lives or has ended. What lives is looked at first: who waited there for somebody who
-- ended it meanwhile finds it in the history.
create function squall_insert_execution(c jsonb, at int) returns void language plpgsql as $$
declare
  n int;
begin
  if (c->>'finished')::boolean then
    insert into ended_execution select * from jsonb_populate_record(null::ended_execution, c->'row') on conflict do nothing;
    get diagnostics n = row_count;
    if n = 0 or exists (select from execution where project = c#>>'{row,project}' and id = c#>>'{row,id}') then
      perform squall_refuse('exists', at, c->>'taken');
    end if;
  else
    insert into execution select * from jsonb_populate_record(null::execution, c->'row') on conflict do nothing;
    get diagnostics n = row_count;
    if n = 0 or squall_has_ended(jsonb_build_array(c->'row')) then
      perform squall_refuse('exists', at, c->>'taken');
    end if;
  end if;
end $$;

-- Held to the end of the transaction, so that revisions become visible in their order: whoever has seen one has seen all before.
create function squall_note_content(of_project text, of_kind text, of_id text) returns void
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${CONTENT_LOCK});
  insert into content_change values (of_project, of_kind, of_id, nextval('content_revision'))
  on conflict (project, kind, id) do update set revision = excluded.revision;
end $$;

create function squall_put_resource(c jsonb, at int) returns void language plpgsql as $$
declare
  r resource := jsonb_populate_record(null::resource, c->'row'); old bigint; n int; other text;
begin
  perform squall_note_content(r.project, r.kind, r.id);
  loop
    old := null;
    select version into old from resource where project = r.project and kind = r.kind and id = r.id for update;
    perform squall_version(format('%s %s (%s) of project %s', r.kind, r.ref, r.id, r.project), old,
      (c->>'expect')::bigint, at);
    select id into other from resource where project = r.project and kind = r.kind and ref = r.ref and id <> r.id;
    if other is not null then
      perform squall_refuse('exists', at, format('%s %s exists already in project %s, with id %s', r.kind, r.ref, r.project, other));
    end if;
    if old is null then
      r.version := 1;
      insert into resource select r.* on conflict do nothing;
      get diagnostics n = row_count;
      if n > 0 then return; end if;
    else
      begin
        update resource set ref = r.ref, pack = r.pack, name = r.name, version = old + 1, body = r.body
        where project = r.project and kind = r.kind and id = r.id;
      exception when unique_violation then
        perform squall_refuse('exists', at, format('%s %s exists already in project %s', r.kind, r.ref, r.project));
      end;
      return;
    end if;
  end loop;
end $$;

create function squall_put_key(c jsonb, at int) returns void language plpgsql as $$
declare
  r key := jsonb_populate_record(null::key, c->'row'); old record; alive bigint; n int;
begin
  loop
    loop
      select version, expires into old from key
      where project = r.project and name = r.name and scope = r.scope and username = r.username for update;
      -- Whoever waited here for a list that deleted and put it sees neither: it looks again.
      exit when found or not exists (select from key where project = r.project and name = r.name and scope = r.scope and username = r.username);
    end loop;
    alive := case when old.expires is null or old.expires > r.updated then old.version end;
    perform squall_version(c->>'what', alive, (c->>'expect')::bigint, at);
    r.version := coalesce(old.version, 0) + 1;
    if old.version is null then
      insert into key select r.* on conflict do nothing;
      get diagnostics n = row_count;
      if n > 0 then return; end if;
    else
      update key set id = r.id, secret = r.secret, description = r.description, expires = r.expires,
        version = r.version, updated = r.updated, value = r.value
      where project = r.project and name = r.name and scope = r.scope and username = r.username;
      return;
    end if;
  end loop;
end $$;

create function squall_put_timer(c jsonb, at int) returns void language plpgsql as $$
declare
  r timer := jsonb_populate_record(null::timer, c->'row'); old bigint; n int;
begin
  loop
    loop
      old := null;
      select version into old from timer where project = r.project and trigger = r.trigger for update;
      exit when found or not exists (select from timer where project = r.project and trigger = r.trigger);
    end loop;
    perform squall_version(c->>'what', old, (c->>'expect')::bigint, at);
    r.version := coalesce(old, 0) + 1;
    if old is null then
      insert into timer select r.* on conflict do nothing;
      get diagnostics n = row_count;
      if n > 0 then return; end if;
    else
      update timer set last = r.last, next = r.next, version = r.version where project = r.project and trigger = r.trigger;
      return;
    end if;
  end loop;
end $$;

create function squall_take_singleton(c jsonb, at int) returns void language plpgsql as $$
declare
  holder text; n int;
begin
  -- It stays until the end of the transaction: who takes something is present.
  perform from member where id = c->>'member' for key share;
  if not found then
    perform squall_refuse('missing', at, format('there is no member %s, so it cannot have %s', c->>'member', c->>'name'));
  end if;
  loop
    select member into holder from singleton where name = c->>'name' for share;
    if found then
      if holder = c->>'member' then return; end if;
      perform squall_refuse('exists', at, format('%s is taken by member %s', c->>'name', holder));
    end if;
    insert into singleton values (c->>'name', c->>'member') on conflict do nothing;
    get diagnostics n = row_count;
    if n > 0 then return; end if;
  end loop;
end $$;

create function squall_apply_change(c jsonb, at int) returns void language plpgsql as $$
declare
  n int := 1; old record; version bigint; other text;
begin
  case c->>'kind'
    when 'execution.insert' then
      perform squall_insert_execution(c, at);
    when 'rows' then
      perform squall_insert_rows(c, at);
    when 'execution.move' then
      perform squall_move_execution(c, at);
    when 'event.insert' then
      insert into event select * from jsonb_populate_record(null::event, c->'row') on conflict do nothing;
      get diagnostics n = row_count;
      if n = 0 then perform squall_refuse('exists', at, c->>'taken'); end if;
    when 'enforcement.insert' then
      insert into enforcement select * from jsonb_populate_record(null::enforcement, c->'row') on conflict do nothing;
      get diagnostics n = row_count;
      if n = 0 then perform squall_refuse('exists', at, c->>'taken'); end if;
    when 'event.move' then
      update event set status = c->>'to' where project = c->>'project' and id = c->>'id' and c->'from' ? status;
      get diagnostics n = row_count;
      if n > 0 then return; end if;
      select status into other from event where project = c->>'project' and id = c->>'id';
      if other is null then
        perform squall_refuse('missing', at, format('project %s has no event %s', c->>'project', c->>'id'));
      end if;
      perform squall_refuse('stale', at, format('event %s is %s, so it cannot become %s', c->>'id', other, c->>'to'));
    when 'output.append' then
      insert into output select * from jsonb_populate_recordset(null::output, c->'rows') on conflict do nothing;
      get diagnostics n = row_count;
      if n < jsonb_array_length(c->'rows') then
        perform squall_refuse('exists', at, 'an output chunk with one of these numbers is there already');
      end if;
    when 'workflow.append' then
      insert into workflow_step (project, execution, seq, step)
      select c->>'project', c->>'execution', (c->>'seq')::bigint, c->>'step'
      where (c->>'seq')::bigint = 1 + coalesce(
        (select max(seq) from workflow_step where project = c->>'project' and execution = c->>'execution'), 0)
      on conflict do nothing;
      get diagnostics n = row_count;
      if n = 0 then
        perform squall_refuse('stale', at,
          format('step %s is not the next one of the workflow of execution %s', c->>'seq', c->>'execution'));
      end if;
    when 'workflow.save' then
      insert into workflow_state values (c->>'project', c->>'execution', (c->>'seq')::bigint, c->>'state')
      on conflict (project, execution) do update set seq = excluded.seq, state = excluded.state
      where excluded.seq > workflow_state.seq;
    when 'snapshot.keep' then
      insert into snapshot values (c->>'project', c->>'digest', c->>'body') on conflict do nothing;
    when 'value' then
      insert into execution_value values (c->>'project', c->>'field', c->>'value') on conflict do nothing;
    when 'enforced' then
      insert into enforcement_rule values (c->>'project', c->>'rule_id', c->>'rule_ref') on conflict do nothing;
    when 'continued' then
      insert into continued values (c->>'project', c->>'execution', c->>'of') on conflict do nothing;
    when 'project' then
      insert into project values (c->>'project') on conflict do nothing;
    when 'resource.put' then
      perform squall_put_resource(c, at);
    when 'resource.delete' then
      perform squall_note_content(c->>'project', c->>'resource', c->>'id');
      select r.version into version from resource r
      where project = c->>'project' and kind = c->>'resource' and id = c->>'id' for update;
      if version is null then perform squall_refuse('missing', at, c->>'what' || ' does not exist'); end if;
      perform squall_version(c->>'what', version, (c->>'expect')::bigint, at);
      delete from resource where project = c->>'project' and kind = c->>'resource' and id = c->>'id';
    when 'workflow.tell' then
      insert into told (project, id, execution, shard, event, context)
      values (c->>'project', c->>'id', c->>'execution', (c->>'shard')::int, c->>'event', c->>'context')
      on conflict do nothing;
      get diagnostics n = row_count;
      if n = 0 then perform squall_refuse('exists', at, c->>'taken'); end if;
    when 'workflow.hear' then
      delete from told where project = c->>'project' and id = c->>'id';
      get diagnostics n = row_count;
      if n = 0 then
        perform squall_refuse('missing', at, format('nothing is told under %s in project %s; it was heard already',
          c->>'id', c->>'project'));
      end if;
    when 'member.evict' then
      delete from member where id = c->>'id' and beats = (c->>'beats')::bigint;
      get diagnostics n = row_count;
      if n > 0 then return; end if;
      if not exists (select from member where id = c->>'id') then
        perform squall_refuse('missing', at, format('there is no member %s', c->>'id'));
      end if;
      perform squall_refuse('stale', at, format('member %s has beaten since, so it is not evicted', c->>'id'));
    when 'member.leave' then
      delete from member where id = c->>'id';
    when 'singleton.take' then
      perform squall_take_singleton(c, at);
    when 'singleton.release' then
      delete from singleton where name = c->>'name' and member = c->>'member';
    when 'key.put' then
      perform squall_put_key(c, at);
    when 'key.delete' then
      loop
        select k.version into version from key k where project = c->>'project' and name = c->>'name'
          and scope = c->>'scope' and username = c->>'username' for update;
        exit when found or not exists (select from key k where project = c->>'project' and name = c->>'name'
          and scope = c->>'scope' and username = c->>'username');
      end loop;
      if version is null then perform squall_refuse('missing', at, c->>'what' || ' does not exist'); end if;
      perform squall_version(c->>'what', version, (c->>'expect')::bigint, at);
      delete from key where project = c->>'project' and name = c->>'name'
        and scope = c->>'scope' and username = c->>'username';
    when 'timer.put' then
      perform squall_put_timer(c, at);
    when 'timer.delete' then
      loop
        delete from timer where project = c->>'project' and trigger = c->>'trigger';
        get diagnostics n = row_count;
        exit when n > 0 or not exists (select from timer where project = c->>'project' and trigger = c->>'trigger');
      end loop;
      if n = 0 then perform squall_refuse('missing', at, c->>'what' || ' does not exist'); end if;
    when 'user.put' then
      begin
        insert into account select * from jsonb_populate_record(null::account, c->'row')
        on conflict (project, id) do update set name = excluded.name, password = excluded.password,
          roles = excluded.roles, enabled = excluded.enabled, created = excluded.created;
      exception when unique_violation then
        perform squall_refuse('exists', at, c->>'taken');
      end;
    when 'token.insert' then
      insert into token select * from jsonb_populate_record(null::token, c->'row') on conflict do nothing;
      get diagnostics n = row_count;
      if n = 0 then perform squall_refuse('exists', at, c->>'taken'); end if;
    when 'token.delete' then
      delete from token where hash = c->>'hash';
      get diagnostics n = row_count;
      if n = 0 then perform squall_refuse('missing', at, 'there is no such token'); end if;
    when 'apikey.put' then
      begin
        insert into apikey select * from jsonb_populate_record(null::apikey, c->'row')
        on conflict (project, id) do update set username = excluded.username, hash = excluded.hash,
          metadata = excluded.metadata, enabled = excluded.enabled, created = excluded.created;
      exception when unique_violation then
        perform squall_refuse('exists', at, c->>'taken');
      end;
    when 'apikey.delete' then
      delete from apikey where project = c->>'project' and id = c->>'id';
      get diagnostics n = row_count;
      if n = 0 then perform squall_refuse('missing', at, c->>'what' || ' does not exist'); end if;
    when 'archive.keep' then
      update archive set kept = true, idle_since = null where digest = c->>'digest';
      get diagnostics n = row_count;
      if n = 0 then
        perform squall_refuse('missing', at, format('archive %s was forgotten before it was kept', c->>'digest'));
      end if;
    else
      raise exception 'there is no change of kind %', c->>'kind';
  end case;
end $$;

create function squall_apply_list(list jsonb) returns void language plpgsql as $$
declare
  change jsonb;
begin
  for change in select value from jsonb_array_elements(list) with ordinality order by ordinality loop
    perform squall_apply_change(change, (change->>'at')::int);
  end loop;
end $$;

-- Held to the end of the transaction where one process has the database to itself. Of many each would write to the one row for that.
create function squall_fence(mine bigint) returns void language plpgsql as $$
declare
  has record;
begin
  if mine is null then return; end if;
  select epoch, shared into has from owner;
  if not has.shared then select epoch into has from owner for share; end if;
  if mine <> has.epoch then
    raise exception using errcode = 'SQ002', message = 'another Squall has taken this database over';
  end if;
end $$;

create function squall_write(group_id text, lists jsonb, careful boolean, mine bigint)
returns jsonb language plpgsql
-- Plans are made when tables may be empty and are kept while they grow: always by index, one plan for all, no compiling.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
  list jsonb; outcomes jsonb := '[]'; state text; message text; reason text; place text;
begin
  perform squall_fence(mine);
  if not careful then
    for list in select value from jsonb_array_elements(lists) with ordinality order by ordinality loop
      perform squall_apply_list(list);
    end loop;
  else
    for list in select value from jsonb_array_elements(lists) with ordinality order by ordinality loop
      begin
        perform squall_apply_list(list);
        outcomes := outcomes || jsonb_build_array(null::jsonb);
      exception when others then
        get stacked diagnostics state = returned_sqlstate, message = message_text, reason = pg_exception_detail,
          place = pg_exception_hint;
        -- Only what the list itself is to blame for: data, constraints, our refusals.
        if state <> 'SQ001' and left(state, 2) not in ('22', '23') then raise; end if;
        outcomes := outcomes || jsonb_build_array(case when state = 'SQ001'
          then jsonb_build_object('reason', reason, 'index', place::int, 'message', message)
          else jsonb_build_object('fault', message) end);
      end;
    end loop;
  end if;
  insert into written_group (id, outcomes) values (group_id, outcomes);
  return outcomes;
end $$;

create function squall_is_needed(named word) returns boolean language sql stable as $$
  -- As a member in the JSON of a body: in texts quotes are escaped, so none looks like it.
  select exists (select 1 from resource where kind = 'pack' and position('"archive":"' || named || '"' in body) > 0)
    or exists (
      select 1 from execution e join snapshot s on s.project = e.project and s.digest = e.snapshot
      where e.project in (select name from project) and e.status in (${UNFINISHED})
        and position('"archive":"' || named || '"' in s.body) > 0)
$$;

create function squall_forget_archives(idle_ms bigint, mine bigint) returns int language plpgsql as $$
declare
  n int;
begin
  perform squall_fence(mine);
  update archive set idle_since = null where idle_since is not null and squall_is_needed(digest);
  delete from archive where idle_since <= now() - idle_ms * interval '1 millisecond';
  get diagnostics n = row_count;
  update archive set idle_since = now() where idle_since is null and not squall_is_needed(digest);
  return n;
end $$;

-- On a connection of its own, and not worth a sync: a beat that is lost is followed by the next.
create function squall_beat(
  of_id text, says text, mine bigint, out joined bigint, out canceling jsonb
) language plpgsql as $$
declare
  now_at bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
begin
  perform squall_fence(mine);
  perform set_config('synchronous_commit', 'off', true);
  -- Beats begin with the time, so that a row that is made again is not taken for the one before.
  insert into member as m (id, joined, beats, seen, body) values (of_id, now_at, now_at, now_at, says)
  on conflict (id) do update set beats = m.beats + 1, seen = excluded.seen, body = excluded.body
  returning m.joined into joined;
  select coalesce(jsonb_agg(jsonb_build_object('project', e.project, 'id', e.id)), '[]') into canceling
  from execution e where e.worker = of_id and e.status = 'canceling';
end $$;

${claiming}
${newRows}`;
