/** Remembers what was computed from a text, newest uses last, within a number of entries and of characters. */
export interface TextCache<T> {
  get(text: string): T;
}

/**
 * @param compute must not fail: give failures back as values, so that they are remembered too
 */
export function textCache<T>(maxEntries: number, maxCharacters: number, compute: (text: string) => T): TextCache<T> {
  const entries = new Map<string, T>();
  let characters = 0;
  // The order of use is only kept up once something could be thrown out: most processes never get there.
  const isCrowded = (): boolean => entries.size > maxEntries / 2 || characters > maxCharacters / 2;
  return {
    get: (text) => {
      const known = entries.get(text);
      if (known !== undefined) {
        if (isCrowded()) {
          entries.delete(text);
          entries.set(text, known);
        }
        return known;
      }
      const made = compute(text);
      entries.set(text, made);
      characters += text.length;
      for (const oldest of entries.keys()) {
        if (entries.size <= maxEntries && characters <= maxCharacters) break;
        entries.delete(oldest);
        characters -= oldest.length;
      }
      return made;
    },
  };
}
