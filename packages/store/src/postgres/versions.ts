/**
 * For tests: rows as the programs of each version wrote them, in all of its tables, in plain SQL. Whoever adds a migration
 * adds the rows of the version before it, when its tables differ, and never changes what is here.
 */
export const VERSIONS: readonly { readonly version: number; readonly rows: string }[] = [
  { version: 1, rows: first({ lease_expires: "99" }) },
  { version: 2, rows: `${first({})}; ${second()}` },
  {
    version: 3,
    rows: `${first({})}; ${second()}; update execution set priority = 7, wants = '{"site":"edge"}' where status = 'succeeded'`,
  },
];

/** Executions: one that ended, its running child, one that waits, and one whose id is of no time. */
function first(leased: Readonly<Record<string, string>>): string {
  const id = (n: number) => `'${n.toString(16).padStart(24, "0")}'`;
  const t0 = 1_750_000_000_000_000;
  const execution = (id: string, n: number, status: string, more: { ended?: number; parent?: string; worker?: true }) =>
    `insert into execution (project, id, status, action, runner, lane, start, due, created, ended, parent, username, liveaction,
      snapshot, worker, ${Object.keys(leased)
        .map((name) => `${name}, `)
        .join("")}log, context, parameters, result)
    values ('default', ${id}, '${status}', 'core.noop', 'noop', 'inline', ${t0 + n}, ${t0}, ${t0}, ${more.ended ?? "null"},
      ${more.parent ?? "null"}, 'stanley', ${id}, 'digest', ${more.worker ? "'w'" : "null"}, ${Object.values(leased)
        .map((value) => `${more.worker ? value : "null"}, `)
        .join("")}
      '[{"status": "requested", "timestamp": 1}]', '{}', '{"p":"\\u0000"}', ${more.ended ? `'{"a":1}'` : "null"});`;
  return `
  insert into project values ('default');
  ${execution(id(1), 1, "succeeded", { ended: t0 + 1 })}
  ${execution(id(2), 2, "running", { parent: id(1), worker: true })}
  ${execution(id(3), 3, "requested", {})}
  ${execution(`'${"f".repeat(24)}'`, 4, "succeeded", { ended: t0 + 4 })}
  insert into execution_value values ('default', 'action', 'core.noop');
  insert into output values ('default', ${id(1)}, 1, 'stdout', ${t0}, '"out\\u0000"');
  insert into workflow_step values ('default', ${id(2)}, 1, '{"n":1}'), ('default', ${id(2)}, 2, '{"n":2}');
  insert into workflow_state values ('default', ${id(2)}, 1, 'sealed');
  insert into event values ('default', ${id(5)}, 't', 'tt', 'processed', ${t0}, null, '{}');
  insert into enforcement values ('default', ${id(6)}, 'r', 'a.r', 'u', ${id(5)}, ${id(1)}, ${t0}, 'succeeded', null);
  insert into enforcement_rule values ('default', 'r', 'a.r');
  insert into snapshot values ('default', 'digest', '{}');
  insert into resource values ('default', 'action', ${id(7)}, 'a.b', 'a', 'b', 1, '{"id":"x"}');
  insert into key values ('default', 'st2kv.system', '', 'k', ${id(9)}, false, null, null, 3, ${t0}, '"v"');
  insert into timer values ('default', 't', 1, 2, 1);
  insert into account values ('default', ${id(8)}, 'eva', null, '[]', true, ${t0});
  insert into token values ('h', ${id(8)}, 'default', 'eva', ${t0}, '{}', false);
  insert into apikey values ('default', ${id(8)}, 'eva', 'ah', '{}', true, ${t0});
  insert into written_group values ('g', now(), '[]')`;
}

/** Members, what is told, changes of content. */
function second(): string {
  return `insert into member values ('w', 1, 2, 3, '{}');
  insert into singleton values ('sensor/default/x', 'w');
  insert into told (project, id, execution, shard, event) values ('default', 'tell', '${"2".padStart(24, "0")}', 7, '{}');
  insert into content_change values ('default', 'action', '${"7".padStart(24, "0")}', nextval('content_revision'));
  insert into installation (id, seal) values ('i', 's')`;
}
