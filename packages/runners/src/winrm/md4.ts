/**
 * MD4 (RFC 1320), which NTLM hashes passwords with and OpenSSL 3 has put away into its legacy provider. Broken as a hash;
 * it is used for nothing else.
 */
export function md4(message: Buffer): Buffer {
  const padded = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64);
  message.copy(padded);
  padded[message.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, padded.length - 8);
  let [a, b, c, d] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < padded.length; block += 64) {
    const x = Array.from({ length: 16 }, (_, index) => padded.readUInt32LE(block + index * 4));
    const before = [a, b, c, d] as const;
    for (const { mix, add, order, shifts } of ROUNDS) {
      for (const [step, index] of order.entries()) {
        const sum = (a + mix(b, c, d) + (x[index] ?? 0) + add) >>> 0;
        const shift = shifts[step % 4] ?? 0;
        [a, b, c, d] = [d, ((sum << shift) | (sum >>> (32 - shift))) >>> 0, b, c];
      }
    }
    a = (a + before[0]) >>> 0;
    b = (b + before[1]) >>> 0;
    c = (c + before[2]) >>> 0;
    d = (d + before[3]) >>> 0;
  }
  const digest = Buffer.alloc(16);
  for (const [index, word] of [a, b, c, d].entries()) digest.writeUInt32LE(word, index * 4);
  return digest;
}

const ROUNDS = [
  {
    mix: (x: number, y: number, z: number) => (x & y) | (~x & z),
    add: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mix: (x: number, y: number, z: number) => (x & y) | (x & z) | (y & z),
    add: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mix: (x: number, y: number, z: number) => x ^ y ^ z,
    add: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
] as const;
