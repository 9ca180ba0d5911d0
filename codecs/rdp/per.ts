import { shortestBytes } from '../core/ber.ts';
import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';

/** Bytes of the longest field that the two-byte form of a PER length can announce, [X.691] 10.9. */
export const MAXIMUM_PER_LENGTH = 0x3fff;

/** A PER length determinant, [X.691] 10.9: one byte below 128, else two. Fragmented fields do not occur in RDP. */
export function readPerLength(reader: Reader, field: string): number {
  const first = reader.u8(field);
  if ((first & 0x80) === 0) return first;
  if ((first & 0x40) !== 0) throw reader.error('INVALID_VALUE', field, 'a fragmented field is not supported', 1);
  return ((first & 0x3f) << 8) | reader.u8(field);
}

/** The shortest form. @throws UsageError beyond 16383 */
export function perLength(length: number, field: string): readonly number[] {
  if (length > MAXIMUM_PER_LENGTH) throw new UsageError(`${field}: ${length} bytes, at most ${MAXIMUM_PER_LENGTH} fit`);
  return length < 0x80 ? [length] : [0x80 | (length >> 8), length & 0xff];
}

/** An unbounded PER integer of up to four bytes: a length, then the number, big-endian. Leniently, no bytes are 0. */
export function readPerInteger(reader: Reader, field: string): number {
  const length = readPerLength(reader, field);
  if (length < (reader.lenient ? 0 : 1) || length > 4) {
    throw reader.error('INVALID_VALUE', field, `an integer of ${length} bytes`, 1);
  }
  let value = 0;
  for (const byte of reader.take(length, field)) value = value * 256 + byte;
  return value;
}

/** The shortest form. @throws UsageError for what is not an integer from 0 to 2^32-1 */
export function perInteger(value: number, field: string): readonly number[] {
  const bytes = shortestBytes(value, field);
  return [bytes.length, ...bytes];
}
