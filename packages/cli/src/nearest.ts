/**
 * The candidate that a mistyped word most likely meant, or the one it is the beginning or end of (`local` for
 * `core.local`: the pack forgotten is the commonest slip). The model is loaded here and only here, since this is asked
 * when something has gone wrong and a moment more does not matter.
 */
export async function nearest(word: string, candidates: readonly string[]): Promise<string | undefined> {
  const model = await import("@squall/model");
  return (
    model.nearest(word, candidates) ??
    candidates.find((candidate) => candidate.endsWith(`.${word}`) || candidate.startsWith(`${word}.`))
  );
}
