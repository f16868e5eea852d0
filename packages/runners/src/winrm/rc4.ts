/**
 * An RC4 key stream, which NTLM seals messages with and OpenSSL 3 no longer offers. Each call goes on where the last one
 * stopped: both sides have to treat the same messages in the same order.
 */
export function createRc4(key: Buffer): (data: Buffer) => Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (index: number): number => state[index & 255] ?? 0;
  const swap = (one: number, other: number): void => {
    const kept = at(one);
    state[one & 255] = at(other);
    state[other & 255] = kept;
  };
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let [i, j] = [0, 0];
  return (data) => {
    const out = Buffer.allocUnsafe(data.length);
    for (const [index, byte] of data.entries()) {
      i = (i + 1) & 255;
      j = (j + at(i)) & 255;
      swap(i, j);
      out[index] = byte ^ at(at(i) + at(j));
    }
    return out;
  };
}
