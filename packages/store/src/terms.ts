/** A condition of a list with the values of its placeholders, which are question marks in every store. */
export interface Term {
  readonly sql: string;
  readonly values: readonly (string | number | null)[];
}

/** The terms of the filters that are set: `null` means that the column is empty. */
export function equals(filters: Readonly<Record<string, string | number | null | undefined>>): Term[] {
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
