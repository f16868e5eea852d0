/** Written at once. Larger ones would make others wait for the disk, smaller ones cost more round trips. */
const PART_BYTES = 1024 * 1024;

/** The parts that an archive is kept in; an empty one has none. */
export function partsOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / PART_BYTES);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * PART_BYTES, (n + 1) * PART_BYTES));
}
