/** Nobody can see an order in more than this. */
const MAX_ORDERED = 5_000;

/**
 * The order in which CPython goes over a set of integers, which is the same in every run, unlike that of texts: the
 * order of its hash table. People see `set(3, 1, 2)` come out sorted and rely on it. Undefined for other members.
 */
export function tableOrder(members: readonly unknown[]): number[] | undefined {
  if (members.length > MAX_ORDERED || !members.every((member) => Number.isSafeInteger(member))) return undefined;
  let table: (number | undefined)[] = Array.from({ length: 8 });
  let used = 0;
  for (const member of members as number[]) {
    place(table, member);
    used++;
    if (used * 5 < (table.length - 1) * 3) continue;
    const wanted = used > 50_000 ? used * 2 : used * 4;
    let size = 8;
    while (size <= wanted) size *= 2;
    const larger: (number | undefined)[] = Array.from({ length: size });
    for (const known of table) if (known !== undefined) place(larger, known);
    table = larger;
  }
  return table.filter((member) => member !== undefined);
}

/** A few neighbours are tried before the search jumps on. */
const NEIGHBOURS = 9;

function place(table: (number | undefined)[], member: number): void {
  const mask = BigInt(table.length - 1);
  const hash = BigInt.asUintN(64, BigInt(member === -1 ? -2 : member));
  let perturb = hash;
  let index = hash & mask;
  for (;;) {
    const start = Number(index);
    const last = start + NEIGHBOURS <= table.length - 1 ? start + NEIGHBOURS : start;
    for (let i = start; i <= last; i++) {
      if (table[i] !== undefined) continue;
      table[i] = member;
      return;
    }
    perturb >>= 5n;
    index = (index * 5n + 1n + perturb) & mask;
  }
}
