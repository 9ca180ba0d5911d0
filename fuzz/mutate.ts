import type { Random } from './random.ts';

/** No input becomes longer than this, bytes. */
export const LONGEST_INPUT = 64 * 1024;

/** Where mistakes with numbers are made, and ids that mean something in URBDRC. */
const WORDS = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0x7f, 0x80, 0xff, 0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x106, 0x107, 0x7fff,
  0x8000, 0xffff, 0x10000, 0x1000000, 0x1000001, 0x3fffffff, 0x40000000, 0x40000001, 0x40000002, 0x40000003, 0x40000005,
  0x40000010, 0x7fffffff, 0x80000000, 0x80000005, 0xc0000000, 0xfffffffe, 0xffffffff,
];
const BYTES = [0, 1, 2, 3, 4, 0x10, 0x30, 0x34, 0x7f, 0x80, 0xfe, 0xff];

/** `seed` with one to four changes; now and then one that has nothing to do with it, or a part of `other`. */
export function mutate(random: Random, seed: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(seed);
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) bytes = change(random, bytes, other);
  return bytes;
}

function change(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  if (bytes.byteLength === 0) return random.bytes(random.below(32));
  const at = random.below(bytes.byteLength);
  switch (random.below(10)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(BYTES);
      return bytes;
    case 2:
    case 3:
    case 4:
      return writeWord(random, bytes, at & ~3);
    case 5:
      return bytes.slice(0, at);
    case 6:
      return replace(bytes, at, random.below(9), random.bytes(random.below(9)));
    case 7:
      return replace(bytes, at, random.below(65), new Uint8Array(0));
    case 8:
      return replace(bytes, at, random.below(bytes.byteLength), pieceOf(random, other));
    default:
      return replace(bytes, at, 0, pieceOf(random, bytes));
  }
}

/** A little-endian number, where one is likely to be. */
function writeWord(random: Random, bytes: Uint8Array, at: number): Uint8Array {
  const view = new DataView(bytes.buffer);
  const word = random.oneIn(4) ? random.below(2 ** 32) : random.pick(WORDS);
  if (at + 4 <= bytes.byteLength && !random.oneIn(4)) view.setUint32(at, word, true);
  else if (at + 2 <= bytes.byteLength) view.setUint16(at, word & 0xffff, true);
  return bytes;
}

function pieceOf(random: Random, bytes: Uint8Array): Uint8Array {
  const start = random.below(bytes.byteLength + 1);
  return bytes.subarray(start, start + random.below(257));
}

function replace(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const rest = bytes.subarray(at + removed);
  const result = new Uint8Array(at + inserted.byteLength + rest.byteLength);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(rest, at + inserted.byteLength);
  return result.byteLength > LONGEST_INPUT ? result.slice(0, LONGEST_INPUT) : result;
}
