/** Bytes of a block. */
const BLOCK = 64;
/** Shifts of the three rounds, [RFC 1320] 3.4. */
const SHIFTS: readonly [readonly number[], readonly number[], readonly number[]] = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
];
/** Words of the block in the order of the third round. */
const THIRD_ORDER = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15] as const;
const CONSTANTS = [0, 0x5a827999, 0x6ed9eba1] as const;

/**
 * MD4, [RFC 1320]. It is broken as a hash, but NTLM keys a password's proof by it; OpenSSL 3 has it no longer.
 * @returns 16 bytes
 */
export function md4(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((message.byteLength + 9) / BLOCK) * BLOCK);
  padded.set(message);
  padded[message.byteLength] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.byteLength - 8, message.byteLength << 3, true);
  view.setUint32(padded.byteLength - 4, Math.floor(message.byteLength / 2 ** 29), true);
  let state: readonly [number, number, number, number] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let offset = 0; offset < padded.byteLength; offset += BLOCK) {
    let [a, b, c, d] = state;
    for (let step = 0; step < 48; step += 1) {
      const round = step < 16 ? 0 : step < 32 ? 1 : 2;
      const word = view.getUint32(offset + 4 * wordOf(round, step % 16), true);
      const sum = (a + mix(round, b, c, d) + word + CONSTANTS[round]) | 0;
      const shift = SHIFTS[round][step & 3] ?? 0;
      [a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c];
    }
    state = [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
  }
  const digest = new Uint8Array(16);
  const out = new DataView(digest.buffer);
  state.forEach((word, index) => out.setInt32(4 * index, word, true));
  return digest;
}

function wordOf(round: 0 | 1 | 2, index: number): number {
  if (round === 0) return index;
  if (round === 1) return (index >> 2) | ((index & 3) << 2);
  return THIRD_ORDER[index] ?? 0;
}

function mix(round: 0 | 1 | 2, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  return round === 1 ? (x & y) | (x & z) | (y & z) : x ^ y ^ z;
}
