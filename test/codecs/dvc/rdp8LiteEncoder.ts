/**
 * Writes RDP 8.0 Lite bit streams from tokens, and says what they decompress to. Written from the table of
 * [MS-RDPEGFX] 3.1.9.1.2 alone, so that the decompressor is not tested against itself.
 */
export type Token =
  | { readonly type: 'literal'; readonly byte: number; readonly longForm: boolean }
  | { readonly type: 'match'; readonly distance: number; readonly length: number }
  | { readonly type: 'raw'; readonly bytes: readonly number[] };

const SHORT_LITERALS: Readonly<Record<number, string>> = {
  0x00: '11000',
  0x01: '11001',
  0x02: '110100',
  0x03: '110101',
  0xff: '110110',
  0x04: '1101110',
  0x05: '1101111',
  0x06: '1110000',
  0x07: '1110001',
  0x08: '1110010',
  0x09: '1110011',
  0x0a: '1110100',
  0x0b: '1110101',
  0x3a: '1110110',
  0x3b: '1110111',
  0x3c: '1111000',
  0x3d: '1111001',
  0x3e: '1111010',
  0x3f: '1111011',
  0x40: '1111100',
  0x80: '1111101',
  0x0c: '11111100',
  0x38: '11111101',
  0x39: '11111110',
  0x66: '11111111',
};

const DISTANCES: readonly (readonly [number, string, number])[] = [
  [0, '10001', 5],
  [32, '10010', 7],
  [160, '10011', 9],
  [672, '10100', 10],
  [1696, '10101', 12],
  [5792, '101100', 14],
  [22176, '101101', 15],
  [54944, '1011100', 18],
  [317088, '1011101', 20],
  [1365664, '10111100', 20],
  [2414240, '10111101', 21],
];

function binary(value: number, width: number): string {
  return width === 0 ? '' : value.toString(2).padStart(width, '0');
}

function distanceBits(distance: number): string {
  const [base, prefix, extra] = DISTANCES.filter(([from]) => from <= distance).at(-1)!;
  return prefix + binary(distance - base, extra);
}

function lengthBits(length: number): string {
  if (length === 3) return '0';
  const extra = Math.floor(Math.log2(length));
  return `${'1'.repeat(extra - 1)}0${binary(length - 2 ** extra, extra)}`;
}

/** RDP_SEGMENTED_DATA of one compressed segment. */
export function compressedSegment(tokens: readonly Token[]): Uint8Array {
  let bits = '';
  for (const token of tokens) bits += tokenBits(token, bits.length);
  const unused = -bits.length & 7;
  bits += '0'.repeat(unused);
  const bytes = Array.from({ length: bits.length / 8 }, (_, index) =>
    parseInt(bits.slice(8 * index, 8 * index + 8), 2),
  );
  return Uint8Array.from([0xe0, 0x26, ...bytes, unused]);
}

function tokenBits(token: Token, position: number): string {
  switch (token.type) {
    case 'literal':
      return (token.longForm ? undefined : SHORT_LITERALS[token.byte]) ?? `0${binary(token.byte, 8)}`;
    case 'match':
      return distanceBits(token.distance) + lengthBits(token.length);
    case 'raw': {
      const head = distanceBits(0) + binary(token.bytes.length, 15);
      const padding = '0'.repeat(-(position + head.length) & 7);
      return head + padding + token.bytes.map((byte) => binary(byte, 8)).join('');
    }
  }
}

/** What the tokens stand for, after `history`. */
export function meaningOf(tokens: readonly Token[], history: readonly number[] = []): number[] {
  const all = [...history];
  for (const token of tokens) {
    switch (token.type) {
      case 'literal':
        all.push(token.byte);
        break;
      case 'raw':
        all.push(...token.bytes);
        break;
      case 'match':
        for (let left = token.length; left > 0; left--) all.push(all[all.length - token.distance]!);
        break;
    }
  }
  return all.slice(history.length);
}
