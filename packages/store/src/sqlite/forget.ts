import type { Micros } from "@squall/model";
import type { Forgetting, Forgotten } from "../port.ts";
import type { Database, Row } from "./database.ts";

/** A step ends after this long: what is written waits for it. */
const STEP_MS = 8;

interface Place {
  readonly project: string;
  readonly id: string;
}

/**
 * Forgets a few rows at each call, oldest id first: first executions, then enforcements, then events. Where a call stopped the
 * next one goes on; the end of the last table is the end of a round. What it looks at it finds by ids and by the indexes of
 * lists, so it needs none of its own.
 */
export function createForget(db: Database): (ask: Forgetting) => Forgotten {
  let table = 0;
  let place: Place = { project: "", id: "" };

  return ({ before, limit }) => {
    const gone = { executions: 0, events: 0, more: false };
    if (before <= 0) return gone;
    const until = performance.now() + STEP_MS;
    const most = Math.max(1, limit);
    const { name, counts, forget } = TABLES[table] ?? TABLES[0];
    const keeps = createKeeps(db, before);
    const rows = db.all(
      `select * from (select project, id from ${name} where (project, id) > (?, ?) order by project, id limit ?)
      cross join ${name} using (project, id)`,
      place.project,
      place.id,
      most,
    );
    let isOver = rows.length < most;
    for (const row of rows) {
      const id = String(row["id"]);
      place = { project: String(row["project"]), id };
      if (isAfter(id, before)) {
        // The rest of this project is too young; another one may have older rows.
        place = { ...place, id: AFTER_ALL };
        isOver = db.get(`select 1 from ${name} where project > ? limit 1`, place.project) === undefined;
        break;
      }
      if (forget(db, keeps, place, row, before) && counts) gone[counts]++;
      if (performance.now() > until) {
        isOver = false;
        break;
      }
    }
    if (isOver) {
      table = (table + 1) % TABLES.length;
      place = { project: "", id: "" };
    }
    return { ...gone, more: !isOver || table > 0 };
  };
}

/** Sorts after every id. */
const AFTER_ALL = "\u{10ffff}";

const TABLES = [
  {
    name: "execution",
    counts: "executions",
    forget(db: Database, keeps: Keeps, { project, id }: Place): boolean {
      if (keeps.execution(project, id) || keeps.below(project, id)) return false;
      for (const table of ["output", "workflow_step", "workflow_state", "continued"]) {
        db.run(`delete from ${table} where project = ? and execution = ?`, project, id);
      }
      return db.run("delete from execution where project = ? and id = ?", project, id) > 0;
    },
  },
  {
    name: "enforcement",
    counts: undefined,
    forget(db: Database, _: Keeps, { project, id }: Place, row: Row, before: Micros): boolean {
      if (Number(row["enforced_at"]) >= before) return false;
      const of = row["execution"];
      if (of && db.get("select 1 from execution where project = ? and id = ?", project, of)) return false;
      return db.run("delete from enforcement where project = ? and id = ?", project, id) > 0;
    },
  },
  {
    name: "event",
    counts: "events",
    forget(db: Database, _: Keeps, { project, id }: Place, row: Row, before: Micros): boolean {
      if (Number(row["occurrence_time"]) >= before || row["status"] === "pending" || row["status"] === "processing") {
        return false;
      }
      // It stays with what came of it.
      if (db.get("select 1 from execution where project = ? and trigger_instance = ? limit 1", project, id))
        return false;
      return db.run("delete from event where project = ? and id = ?", project, id) > 0;
    },
  },
] as const;

/** What must stay; answers are remembered for one step, in which nothing else is written. */
interface Keeps {
  /** It has not ended or ended late, or is below one that must stay, or is continued by one. */
  execution(project: string, id: string): boolean;
  /** Something below it has not ended. */
  below(project: string, id: string): boolean;
}

function createKeeps(db: Database, before: Micros): Keeps {
  const known = new Map<string, boolean>();
  const execution = (project: string, id: string): boolean => {
    const name = `${project.length}:${project}${id}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    known.set(name, false); // a ring, which nothing makes, ends here
    const row = db.get("select ended, parent from execution where project = ? and id = ?", project, id);
    const kept =
      row !== undefined &&
      (row["ended"] === null ||
        Number(row["ended"]) >= before ||
        db
          .all("select execution from continued where project = ? and of = ?", project, id)
          .some((one) => execution(project, String(one["execution"]))) ||
        (typeof row["parent"] === "string" && execution(project, row["parent"])));
    known.set(name, kept);
    return kept;
  };
  return {
    execution,
    below: (project, id) =>
      db.get(
        `with recursive below (id) as (
          select id from execution where project = ?1 and parent = ?2
          union select e.id from below join execution e on e.project = ?1 and e.parent = below.id
        ) select 1 from below join execution e on e.project = ?1 and e.id = below.id where e.ended is null limit 1`,
        project,
        id,
      ) !== undefined,
  };
}

/** Ids begin with the second in which they were made. */
function isAfter(id: string, before: Micros): boolean {
  return Number.parseInt(id.slice(0, 8), 16) * 1e6 >= before;
}
