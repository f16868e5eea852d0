import type { OutgoingHttpHeaders } from "node:http";
import { Denied, Invalid } from "@squall/model";
import Type from "typebox";
import type { ResourceType } from "../allow.ts";
import type { Call } from "./route.ts";

/** The parameters of every list. */
export const PAGING = {
  limit: Type.Optional(Type.Integer({ description: "Most items to answer with; -1 is all (admins only)." })),
  offset: Type.Optional(Type.Integer({ description: "Items to pass over." })),
};

export interface Paging {
  /** Absent: all. */
  readonly limit?: number;
  readonly offset: number;
}

/** The slice a caller asked for, with StackStorm's bounds and words. `defaultLimit` undefined: all, unless asked. */
export function pagingOf(
  call: Call<{ limit?: number; offset?: number }>,
  type: ResourceType,
  defaultLimit: number | undefined,
): Paging {
  const { limit, offset = 0 } = call.query;
  if (offset >= 2 ** 31) {
    throw new Invalid("http.offset.too-large", { message: `Offset "${offset}" specified is more than 32-bit int` });
  }
  if (offset < 0) {
    throw new Invalid("http.offset.negative", { message: `Offset "${offset}" specified, must not be negative.` });
  }
  if (limit === undefined) return defaultLimit === undefined ? { offset } : { limit: defaultLimit, offset };
  if (limit === 0 || limit <= -2) {
    const or = limit === 0 ? " or -1 for full result set" : "";
    throw new Invalid("http.limit.invalid", {
      message: `Limit, "${limit}" specified, must be a positive number${or}.`,
    });
  }
  const { maxPageSize } = call.context.settings;
  if ((limit === -1 || limit > maxPageSize) && !call.may("list_all", { type })) {
    throw new Denied("http.limit.denied", {
      message:
        limit === -1
          ? "Administrator access required to be able to specify limit=-1 and retrieve all the records"
          : `Limit "${limit}" specified, maximum value is "${maxPageSize}"`,
    });
  }
  return limit === -1 ? { offset } : { limit, offset };
}

export function pagingHeaders(paging: Paging, total: number | undefined): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  if (total !== undefined) headers["X-Total-Count"] = String(total);
  if (paging.limit !== undefined) headers["X-Limit"] = String(paging.limit);
  return headers;
}

export function slice<T>(items: readonly T[], paging: Paging): T[] {
  return items.slice(paging.offset, paging.limit === undefined ? undefined : paging.offset + paging.limit);
}

/** Orders by a comma list of names with `+` or `-`; names that cannot be ordered by are passed over. */
export function sortBy<T extends object>(items: readonly T[], sort: string | undefined, keys: readonly string[]): T[] {
  const terms = (sort ?? "")
    .split(",")
    .map((term) => ({ name: term.replace(/^[+\s-]/, ""), sign: term.startsWith("-") ? -1 : 1 }))
    .filter(({ name }) => keys.includes(name));
  if (terms.length === 0) return [...items];
  return items.toSorted((a, b) => {
    for (const { name, sign } of terms) {
      const [x, y] = [textAt(a, name), textAt(b, name)];
      if (x !== y) return x < y ? -sign : sign;
    }
    return 0;
  });
}

function textAt(item: object, name: string): string {
  const value = (item as Record<string, unknown>)[name];
  return value === undefined ? "" : String(value);
}
