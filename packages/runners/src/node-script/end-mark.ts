const EMPTY = Buffer.alloc(0);

/**
 * Passes on what comes before `mark` and tells when the mark has come. Bytes that could be its beginning are held back
 * until it is clear that they are not.
 */
export function createEndMark(
  mark: Buffer,
  pass: (chunk: Buffer) => void,
  onEnd: () => void,
): { push(chunk: Buffer): void; flush(): void } {
  let held = EMPTY;
  let isOver = false;
  return {
    push(chunk) {
      if (isOver) return;
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = bytes.indexOf(mark);
      if (at >= 0) {
        isOver = true;
        if (at > 0) pass(bytes.subarray(0, at));
        onEnd();
        return;
      }
      const kept = beginning(bytes, mark);
      held = Buffer.from(bytes.subarray(bytes.length - kept));
      if (bytes.length > kept) pass(bytes.subarray(0, bytes.length - kept));
    },
    /** The stream ended without a mark. */
    flush() {
      if (!isOver && held.length > 0) pass(held);
      held = EMPTY;
    },
  };
}

/** How many of the last bytes are the mark's first ones. */
function beginning(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(bytes.length, mark.length - 1); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
