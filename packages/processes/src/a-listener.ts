type OutputType = "stdout" | "stderr";

export interface Listener {
  readonly chunks: { readonly type: OutputType; readonly data: string }[];
  readonly control: AbortController;
  readonly signal: AbortSignal;
  output(type: OutputType, data: string): void;
  /** Resolves once the streamed text of this kind holds `part`. */
  heard(type: OutputType, part: string): Promise<void>;
}

/** For tests: remembers what it heard and can be aborted. */
export function aListener(): Listener {
  const control = new AbortController();
  const chunks: { type: OutputType; data: string }[] = [];
  const waiting: { type: OutputType; part: string; resolve: () => void }[] = [];
  const said = (type: OutputType) =>
    chunks
      .filter((chunk) => chunk.type === type)
      .map((chunk) => chunk.data)
      .join("");
  return {
    control,
    signal: control.signal,
    chunks,
    output(type, data) {
      chunks.push({ type, data });
      for (const one of waiting) if (said(one.type).includes(one.part)) one.resolve();
    },
    heard(type, part) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (said(type).includes(part)) resolve();
      else waiting.push({ type, part, resolve });
      return promise;
    },
  };
}
