import { nearest } from "@squall/model";

/** `; did you mean "x"?` for the candidate that is close enough to be meant, else nothing. */
export function didYouMean(given: string, candidates: Iterable<string>): string {
  const meant = nearest(given, candidates);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}
