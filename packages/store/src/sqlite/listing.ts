import type { Listed, Order, Page } from "../port.ts";
import type { Database, Row, Value } from "./database.ts";

/** A condition with the values of its placeholders. */
export interface Term {
  readonly sql: string;
  readonly values: readonly Value[];
}

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

/** The terms of the filters that are set: `null` means that the column is empty. */
export function equals(filters: Readonly<Record<string, Value | undefined>>): Term[] {
  return Object.entries(filters).flatMap(([column, value]): Term[] => {
    if (value === undefined) return [];
    return value === null ? [{ sql: `${column} is null`, values: [] }] : [{ sql: `${column} = ?`, values: [value] }];
  });
}

export function bounds(
  column: string,
  given: {
    readonly after?: number | undefined;
    readonly before?: number | undefined;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  },
): Term[] {
  const operators = { after: ">", before: "<", from: ">=", to: "<=" } as const;
  return Object.entries(operators).flatMap(([name, operator]): Term[] => {
    const value = given[name as keyof typeof operators]; // cast: Object.entries forgets the keys
    return value === undefined ? [] : [{ sql: `${column} ${operator} ?`, values: [value] }];
  });
}

/** The value is one of these; one placeholder however many there are. */
export function among(column: string, values: readonly string[] | undefined): Term[] {
  if (values === undefined) return [];
  return [{ sql: `${column} in (select value from json_each(?))`, values: [JSON.stringify(values)] }];
}
