/**
 * The prefix code of RDP 8.0 compression, [MS-RDPEGFX] 3.1.9.1.2. A row is a prefix, then how many bits follow it, and
 * what they are added to.
 */
export interface Rdp8Token {
  readonly kind: 'literal' | 'match';
  /** Bits in the prefix. */
  readonly prefixBits: number;
  /** Bits behind the prefix, added to `base`. */
  readonly extraBits: number;
  /** Smallest literal or distance of this row. */
  readonly base: number;
}

/** Distance rows: prefix, extra bits, base. Distance 0 starts a run of raw bytes. */
const MATCHES: readonly (readonly [string, number, number])[] = [
  ['10001', 5, 0],
  ['10010', 7, 32],
  ['10011', 9, 160],
  ['10100', 10, 672],
  ['10101', 12, 1696],
  ['101100', 14, 5792],
  ['101101', 15, 22176],
  ['1011100', 18, 54944],
  ['1011101', 20, 317088],
  ['10111100', 20, 1365664],
  ['10111101', 21, 2414240],
];

/** Bytes that are frequent in RDP and have a short code. */
const LITERALS: readonly (readonly [string, number])[] = [
  ['11000', 0x00],
  ['11001', 0x01],
  ['110100', 0x02],
  ['110101', 0x03],
  ['110110', 0xff],
  ['1101110', 0x04],
  ['1101111', 0x05],
  ['1110000', 0x06],
  ['1110001', 0x07],
  ['1110010', 0x08],
  ['1110011', 0x09],
  ['1110100', 0x0a],
  ['1110101', 0x0b],
  ['1110110', 0x3a],
  ['1110111', 0x3b],
  ['1111000', 0x3c],
  ['1111001', 0x3d],
  ['1111010', 0x3e],
  ['1111011', 0x3f],
  ['1111100', 0x40],
  ['1111101', 0x80],
  ['11111100', 0x0c],
  ['11111101', 0x38],
  ['11111110', 0x39],
  ['11111111', 0x66],
];

const LOOKUP_BITS = 8;
const LOOKUP = buildLookup();

/** The token that the next 8 bits of the stream begin with; undefined for a prefix that stands for nothing. */
export function rdp8Token(next8Bits: number): Rdp8Token | undefined {
  return LOOKUP[next8Bits];
}

function buildLookup(): readonly (Rdp8Token | undefined)[] {
  const lookup = new Array<Rdp8Token | undefined>(1 << LOOKUP_BITS).fill(undefined);
  const add = (prefix: string, kind: Rdp8Token['kind'], extraBits: number, base: number): void => {
    const token = { kind, prefixBits: prefix.length, extraBits, base };
    const free = LOOKUP_BITS - prefix.length;
    const first = parseInt(prefix, 2) << free;
    lookup.fill(token, first, first + (1 << free));
  };
  add('0', 'literal', 8, 0);
  for (const [prefix, extraBits, base] of MATCHES) add(prefix, 'match', extraBits, base);
  for (const [prefix, literal] of LITERALS) add(prefix, 'literal', 0, literal);
  return lookup;
}
