import type { Listed, Order, Page } from "../port.ts";
import type { Term } from "../terms.ts";
import type { Reader, Row } from "./connection.ts";

export interface Listing {
  readonly table: string;
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

/** A page of a list sorted by time, then id. Alternatives become one ordered index walk each, merged. */
export async function list<T>(db: Reader, listing: Listing, decode: (row: Row) => T): Promise<Listed<T>> {
  const { table, columns, time, project, page, terms, oneOf } = listing;
  const direction = listing.order === "ascending" ? "asc" : "desc";
  const alternatives = oneOf ?? [undefined];
  // A text with NUL is in no column, and the server takes none.
  const isNowhere = [...terms, ...(oneOf ?? [])].some(({ values }) => values.some(holdsNul));
  const branches = isNowhere
    ? []
    : alternatives.map((alternative) => {
        const all = alternative ? [...terms, alternative] : terms;
        const where = [`project = ?`, ...all.map((term) => term.sql)].join(" and ");
        return { where, values: [project, ...all.flatMap((term) => term.values)] };
      });
  const counts = page.count
    ? await Promise.all(
        branches.map(({ where, values }) => db.get(`select count(*) as n from ${table} where ${where}`, ...values)),
      )
    : [];
  const total = counts.reduce((sum, row) => sum + Number(row?.["n"]), 0);
  let rows: Row[] = [];
  if (page.limit !== 0 && branches.length > 0) {
    const limit = page.limit ?? null;
    const reach = page.limit === undefined ? null : page.limit + (page.offset ?? 0);
    const walks = branches.map(
      ({ where }) =>
        `(select ${columns} from ${table} where ${where} order by ${time} ${direction}, id ${direction} limit ?)`,
    );
    rows = await db.all(
      `select * from (${walks.join(" union all ")}) page order by ${time} ${direction}, id ${direction} limit ? offset ?`,
      ...branches.flatMap(({ values }) => [...values, reach]),
      limit,
      page.offset ?? 0,
    );
  }
  const items = rows.map(decode);
  return page.count ? { items, total } : { items };
}

export function holdsNul(value: unknown): boolean {
  return typeof value === "string" && value.includes("\0");
}

/** The value is one of these; one placeholder however many there are. */
export function among(column: string, values: readonly string[] | undefined): Term[] {
  if (values === undefined) return [];
  const possible = values.filter((value) => !holdsNul(value));
  return [
    {
      sql: `${column} = any(array(select jsonb_array_elements_text(?::jsonb)))`,
      values: [JSON.stringify(possible)],
    },
  ];
}
