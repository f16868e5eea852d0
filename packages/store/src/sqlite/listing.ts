import type { Listed, Order, Page } from "../port.ts";
import type { Term } from "../terms.ts";
import type { Database, Row } from "./database.ts";

export interface Listing {
  readonly table: string;
  /** The columns to read. */
  readonly columns: string;
  /** The column that the list is sorted by, before id. */
  readonly time: string;
  readonly project: string;
  readonly terms: readonly Term[];
  /** One of these must hold too. They exclude each other; none at all matches nothing; absent, there is no such condition. */
  readonly oneOf?: readonly Term[] | undefined;
  readonly order?: Order | undefined;
  readonly page: Page;
}

/**
 * A page of a list sorted by time, then id.
 *
 * Alternatives become one ordered index walk each, merged: `status in ('running', 'failed')` in one query would leave
 * the choice between sorting everything that matches and walking everything that does not.
 */
export function list<T>(db: Database, listing: Listing, decode: (row: Row) => T): Listed<T> {
  const { table, time, project, page } = listing;
  const direction = listing.order === "ascending" ? "asc" : "desc";
  const limit = page.limit ?? -1;
  const offset = page.offset ?? 0;
  const branches = branchesOf(listing);
  const total = page.count ? branches.reduce((sum, branch) => sum + count(db, table, project, branch), 0) : undefined;
  const items = limit === 0 || branches.length === 0 ? [] : rows().map(decode);
  return total === undefined ? { items } : { items, total };

  function rows(): Row[] {
    const [only] = branches;
    if (branches.length === 1 && only) {
      return db.all(
        `select ${listing.columns} from ${table} where project = ?${only.sql}
        order by ${time} ${direction}, id ${direction} limit ? offset ?`,
        project,
        ...only.values,
        limit,
        offset,
      );
    }
    const reach = limit < 0 ? -1 : limit + offset;
    const walks = branches.map(
      (branch) => `select * from (select id, ${time} as at from ${table} where project = ?${branch.sql}
        order by ${time} ${direction}, id ${direction} limit ?)`,
    );
    // `cross join` keeps the order of the tables: first the page, then its rows by primary key.
    return db.all(
      `with page as (select id, at from (${walks.join(" union all ")})
        order by at ${direction}, id ${direction} limit ? offset ?)
      select ${listing.columns} from page cross join ${table} using (id) where project = ?
      order by at ${direction}, id ${direction}`,
      ...branches.flatMap((branch) => [project, ...branch.values, reach]),
      limit,
      offset,
      project,
    );
  }
}

function branchesOf({ terms, oneOf }: Listing): Term[] {
  return (oneOf ?? [undefined]).map((alternative) => {
    const all = alternative ? [...terms, alternative] : terms;
    return { sql: all.map((term) => ` and ${term.sql}`).join(""), values: all.flatMap((term) => term.values) };
  });
}

function count(db: Database, table: string, project: string, branch: Term): number {
  const row = db.get(`select count(*) as n from ${table} where project = ?${branch.sql}`, project, ...branch.values);
  return Number(row?.["n"]);
}

/** The value is one of these; one placeholder however many there are. */
export function among(column: string, values: readonly string[] | undefined): Term[] {
  if (values === undefined) return [];
  return [{ sql: `${column} in (select value from json_each(?))`, values: [JSON.stringify(values)] }];
}
