/**
 * The operators of rule criteria by each name they may be written with, to the one that decides (StackStorm 3.9).
 * Rules name them exactly so, in lower case.
 */
export const CRITERIA_OPERATORS: ReadonlyMap<string, CriteriaOperator> = new Map(
  Object.entries({
    matchwildcard: "matchwildcard",
    matchregex: "matchregex",
    regex: "regex",
    iregex: "iregex",
    eq: "eq",
    equals: "eq",
    neq: "neq",
    nequals: "neq",
    ieq: "ieq",
    iequals: "ieq",
    contains: "contains",
    icontains: "icontains",
    ncontains: "ncontains",
    incontains: "incontains",
    startswith: "startswith",
    istartswith: "istartswith",
    endswith: "endswith",
    iendswith: "iendswith",
    lt: "lt",
    lessthan: "lt",
    gt: "gt",
    greaterthan: "gt",
    td_lt: "timediff_lt",
    timediff_lt: "timediff_lt",
    td_gt: "timediff_gt",
    timediff_gt: "timediff_gt",
    exists: "exists",
    nexists: "nexists",
    inside: "inside",
    in: "inside",
    ninside: "ninside",
    nin: "ninside",
    search: "search",
  } satisfies Record<string, CriteriaOperator>),
);

export type CriteriaOperator =
  | "matchwildcard"
  | "matchregex"
  | "regex"
  | "iregex"
  | "eq"
  | "neq"
  | "ieq"
  | "contains"
  | "icontains"
  | "ncontains"
  | "incontains"
  | "startswith"
  | "istartswith"
  | "endswith"
  | "iendswith"
  | "lt"
  | "gt"
  | "timediff_lt"
  | "timediff_gt"
  | "exists"
  | "nexists"
  | "inside"
  | "ninside"
  | "search";

/** How the children of a `search` must hold for the items of a list. */
export const SEARCH_CONDITIONS = ["any", "all", "any2any", "all2any"] as const;
export type SearchCondition = (typeof SEARCH_CONDITIONS)[number];
