import type { Reader } from '../core/reader.ts';
import { BitReader } from './bitReader.ts';
import { rdp8Token } from './rdp8Tokens.ts';

/** Where RDP_SEGMENTED_DATA and RDP8_BULK_ENCODED_DATA are written down. */
export const RDP8_SPEC = { document: 'MS-RDPEGFX', section: '2.2.5' };

/** Most bytes that a segment may hold before compression, and most bytes that a match may reach back, [MS-RDPEDYC] 2.2.3.3. */
export const RDP8_LITE_WINDOW = 8192;

const SINGLE_SEGMENT = 0xe0;
const TYPE_MASK = 0x0f;
const TYPE_RDP8_LITE = 6;
const PACKET_COMPRESSED = 0x20;
/** Ones before the zero in the code of the longest lengths, 32768 to 65535. */
const MAXIMUM_LENGTH_ONES = 14;

/**
 * Decompresses the Data field of a DYNVC_DATA_FIRST_COMPRESSED or DYNVC_DATA_COMPRESSED: RDP_SEGMENTED_DATA with one
 * segment. The descriptor byte 0xE0 may be missing, as in the specification's own sample.
 *
 * `history` is what this channel and direction decompressed before, its last 8192 bytes or less. The result is at most
 * 8192 bytes, fresh or a view of the input, and the caller's next history ends with it.
 * @throws DecodeError
 */
export function decompressRdp8Lite(reader: Reader, history: Uint8Array): Uint8Array {
  if (reader.peekU8('descriptor') === SINGLE_SEGMENT) reader.u8('descriptor');
  const header = reader.u8('header');
  if ((header & TYPE_MASK) !== TYPE_RDP8_LITE) {
    throw reader.error('INVALID_VALUE', 'header', `0x${header.toString(16)} is not RDP 8.0 Lite, one segment`, 1);
  }
  if ((header & PACKET_COMPRESSED) !== 0) return decodeBits(reader, history);
  if (reader.remaining > RDP8_LITE_WINDOW) throw tooLong(reader);
  return reader.rest();
}

function decodeBits(reader: Reader, history: Uint8Array): Uint8Array {
  const bits = new BitReader(reader);
  const out = new Uint8Array(RDP8_LITE_WINDOW);
  let size = 0;
  while (bits.remaining > 0) {
    const token = rdp8Token(bits.peek8());
    if (token === undefined) throw bits.error('a prefix that stands for nothing');
    bits.skip(token.prefixBits);
    const value = token.base + bits.take(token.extraBits);
    if (token.kind === 'literal') {
      if (size === out.length) throw tooLong(reader);
      out[size++] = value;
    } else if (value === 0) {
      const raw = bits.takeBytes(bits.take(15));
      if (raw.length > out.length - size) throw tooLong(reader);
      out.set(raw, size);
      size += raw.length;
    } else {
      size = copyMatch(bits, reader, history, out, size, value);
    }
  }
  return out.subarray(0, size);
}

/** Appends a match, byte by byte because source and target may overlap; returns the new size. */
function copyMatch(
  bits: BitReader,
  reader: Reader,
  history: Uint8Array,
  out: Uint8Array,
  size: number,
  distance: number,
): number {
  const reach = Math.min(size + history.length, RDP8_LITE_WINDOW);
  if (distance > reach) throw bits.error(`distance ${distance}, and the history goes back ${reach} bytes`);
  const length = matchLength(bits);
  if (length > out.length - size) throw tooLong(reader);
  let target = size;
  let source = size - distance;
  const fromHistory = Math.min(length, -source);
  for (let left = fromHistory; left > 0; left--) out[target++] = history.at(source++) ?? 0;
  for (let left = length - Math.max(fromHistory, 0); left > 0; left--) out[target++] = out[source++] ?? 0;
  return target;
}

function matchLength(bits: BitReader): number {
  let ones = 0;
  while (bits.take(1) === 1) {
    if (++ones > MAXIMUM_LENGTH_ONES) throw bits.error('a match length that no code stands for');
  }
  return ones === 0 ? 3 : 2 ** (ones + 1) + bits.take(ones + 1);
}

function tooLong(reader: Reader): Error {
  return reader.error('LIMIT_EXCEEDED', 'data', `a segment holds at most ${RDP8_LITE_WINDOW} bytes`);
}
