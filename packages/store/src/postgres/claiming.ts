/**
 * Claims, inside the database, so that one is one round trip. Executions wait in queues, one for each project, priority
 * and `wants`, which lie one after the other on the index execution_queue; a claim jumps from queue to queue (sqlite/claims.ts
 * says the same in TypeScript).
 *
 * Q3  Only what is taken is locked: what another claim looked at and left stays there for everybody.
 * Q4  What others have locked is passed by, as far as needed: two claims at once get different executions and neither waits.
 *
 * Entries of what was taken stay on the index until the next vacuum, at the front of their queue: each look at a front passes
 * by them, so there are as few as can be.
 *
 * The settings keep plans on the index whatever the statistics say of a table that was empty a moment ago: a queue grows
 * by a million between two looks of the server. A sort that cannot be avoided counts as dear then, and would be compiled
 * each time but for `jit`.
 */
const WAITING = "status in ('requested', 'scheduled', 'delayed')";
const SETTINGS = "set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off";

export const claiming = `
create function squall_take(ask jsonb, of_project text, how_many int)
returns setof execution language plpgsql as $$
declare
  which word := ask->>'lane'; now_at bigint := (ask->>'now')::bigint;
  urgency int := 2147483647; queue word; queues text[];
  able text[] := array(select jsonb_array_elements_text(ask->'able')); ahead int; places tid[]; place tid;
  last_due bigint; last_id text; taken int := 0; n int;
begin
  loop
    select e.priority into urgency from execution e
    where e.lane = which and e.project = of_project and e.${WAITING} and e.priority < urgency
    order by e.priority desc limit 1;
    exit when not found;
    -- The first of what it is able to take is what asks for nothing; jumping to it would pass by all that was taken before.
    queues := array[''];
    ahead := 2;
    while ahead <= cardinality(able) loop
      select e.wants into queue from execution e
      where e.lane = which and e.project = of_project and e.priority = urgency and e.${WAITING} and e.wants >= able[ahead]
      order by e.wants limit 1;
      exit when not found;
      while ahead <= cardinality(able) and able[ahead] < queue loop ahead := ahead + 1; end loop;
      if able[ahead] = queue then
        queues := queues || queue::text;
        ahead := ahead + 1;
      end if;
    end loop;
    last_due := -9223372036854775808;
    last_id := '';
    loop
      select array_agg(head.place order by head.due, head.id), max(head.due),
        (array_agg(head.id order by head.due desc, head.id desc))[1]
      into places, last_due, last_id
      from (
        select h.* from unnest(queues) as q (wants) cross join lateral (
          select e.ctid as place, e.due, e.id from execution e
          where e.lane = which and e.project = of_project and e.priority = urgency and e.wants = q.wants
            and e.${WAITING} and e.due <= now_at and (e.due, e.id) > (last_due, last_id)
          order by e.due, e.id limit how_many - taken
        ) h
        order by h.due, h.id limit how_many - taken
      ) head;
      exit when places is null;
      foreach place in array places loop
        return query update execution e set status = 'running', worker = ask->>'worker',
          log = e.log || case when e.status = 'scheduled' then '[]'::jsonb
            else jsonb_build_array(jsonb_build_object('status', 'scheduled', 'timestamp', now_at)) end
            || jsonb_build_array(jsonb_build_object('status', 'running', 'timestamp', now_at))
        where e.ctid = (select l.ctid from execution l where l.ctid = place and l.${WAITING} for update skip locked)
        returning e.*;
        get diagnostics n = row_count;
        taken := taken + n;
      end loop;
      if taken >= how_many then return; end if;
    end loop;
  end loop;
end $$;

create function squall_claim(ask jsonb, mine bigint)
returns setof execution language plpgsql ${SETTINGS} as $$
declare
  which word := ask->>'lane'; turn text := ask->>'turn'; remaining int := (ask->>'limit')::int;
  at text := turn; wrapped boolean := false; complete boolean := false;
  names text[]; circle text[] := '{}'; again text[]; one text; share int; n int;
begin
  perform squall_fence(mine);
  -- One for each project, only as far as there are slots; where these are all there are, at once an equal share for each.
  while remaining > 0 and not complete loop
    names := '{}';
    while cardinality(names) < remaining loop
      select e.project into at from execution e where e.lane = which and e.${WAITING} and e.project > at
      order by e.project limit 1;
      if found and not (wrapped and at::word > turn) then
        names := names || at;
      elsif wrapped then
        complete := true;
        exit;
      else
        wrapped := true;
        at := '';
      end if;
    end loop;
    share := 1;
    if complete and cardinality(circle) = 0 and cardinality(names) > 0 then
      share := greatest(1, remaining / cardinality(names));
    end if;
    foreach one in array names loop
      exit when remaining = 0;
      return query select * from squall_take(ask, one, share);
      get diagnostics n = row_count;
      if n = share then circle := circle || one; end if;
      remaining := remaining - n;
    end loop;
  end loop;
  -- Then equal shares for those that had theirs and have more.
  while remaining > 0 and cardinality(circle) > 0 loop
    share := greatest(1, remaining / cardinality(circle));
    again := '{}';
    foreach one in array circle loop
      exit when remaining = 0;
      return query select * from squall_take(ask, one, share);
      get diagnostics n = row_count;
      if n = share then again := again || one; end if;
      remaining := remaining - n;
    end loop;
    circle := again;
  end loop;
end $$;

create function squall_waiting(most int) returns table (lane text, n bigint) language plpgsql ${SETTINGS} as $$
declare
  which text;
begin
  foreach which in array array['inline', 'process'] loop
    return query select which, count(*) from (
      select 1 from execution e where e.lane = which and e.status in ('requested', 'scheduled') limit most
    ) each_one;
  end loop;
end $$;
`;
