/** What `exclusive.mjs` gives to TypeScript; it is told there. */
export function exclusively<Result>(
  path: string,
  options: { readonly waiting?: (pid: number) => void },
  work: (alsoHeldBy: (pid: number) => void) => Promise<Result>,
): Promise<Result>;
export function breakLock(path: string): void;
