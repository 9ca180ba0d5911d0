import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { shortestBytes } from './per.ts';

/** Tags of the few BER types in MCS connect PDUs, [X.690] 8. */
export const BerTag = { BOOLEAN: 0x01, INTEGER: 0x02, OCTET_STRING: 0x04, ENUMERATED: 0x0a, SEQUENCE: 0x30 } as const;

/** Opens the element that must come next; the reader given cannot read past it. */
export function readBer(reader: Reader, tag: number, field: string): Reader {
  const found = reader.u8(field);
  if (found !== tag) {
    throw reader.error('INVALID_VALUE', field, `tag ${hex(found)} instead of ${hex(tag)}`, 1);
  }
  return reader.sub(readBerLength(reader, field), field);
}

/** An element with a two-byte tag [APPLICATION number], as connect PDUs begin. */
export function readBerApplication(reader: Reader, number: number, field: string): Reader {
  const [first, second] = [reader.u8(field), reader.u8(field)];
  if (first !== 0x7f || second !== number) {
    throw reader.error('INVALID_VALUE', field, `tag ${hex(first)} ${hex(second)} instead of 0x7f ${hex(number)}`, 2);
  }
  return reader.sub(readBerLength(reader, field), field);
}

/**
 * INTEGER or ENUMERATED, never negative: as the specification's sample has it (`02 02 ff ff` is 65535, 4.1.3), and
 * Windows and rdesktop with it, also where a zero is missing in front of the top bit.
 */
export function readBerInteger(reader: Reader, field: string, tag: number = BerTag.INTEGER): number {
  const content = readBer(reader, tag, field);
  const size = content.remaining;
  const bytes = content.rest();
  const [first = 0] = bytes;
  if (size < 1 || size > 5 || (size === 5 && first !== 0)) {
    throw reader.error('INVALID_VALUE', field, 'not an integer from 0 to 4294967295', size);
  }
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  return value;
}

export function readBerBoolean(reader: Reader, field: string): boolean {
  const content = readBer(reader, BerTag.BOOLEAN, field);
  const value = content.u8(field);
  content.end();
  return value !== 0;
}

export function readBerOctets(reader: Reader, field: string): Uint8Array {
  return readBer(reader, BerTag.OCTET_STRING, field).rest();
}

/** Makes an element of all that was written since `start`. @throws UsageError beyond 65535 bytes */
export function wrapBer(out: Writer, start: number, tag: number): void {
  out.insert(start, [tag, ...berLength(out.position - start)]);
}

/** Like {@link wrapBer}, with a two-byte tag [APPLICATION number]. */
export function wrapBerApplication(out: Writer, start: number, number: number): void {
  out.insert(start, [0x7f, number, ...berLength(out.position - start)]);
}

export function writeBerBoolean(out: Writer, value: boolean): void {
  out.octets(BerTag.BOOLEAN, 1, value ? 0xff : 0);
}

export function writeBerOctets(out: Writer, bytes: Uint8Array): void {
  out.octets(BerTag.OCTET_STRING, ...berLength(bytes.byteLength));
  out.append(bytes);
}

/** The shortest form. @throws UsageError for what is not an integer from 0 to 2^32-1 */
export function writeBerInteger(out: Writer, value: number, field: string, tag: number = BerTag.INTEGER): void {
  const bytes = shortestBytes(value, field);
  // The top bit would make it negative.
  if ((bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  out.octets(tag, bytes.length, ...bytes);
}

function readBerLength(reader: Reader, field: string): number {
  const first = reader.u8(field);
  if (first < 0x80) return first;
  const size = first & 0x7f;
  if (size < 1 || size > 2) throw reader.error('INVALID_VALUE', field, `a length of ${size} bytes`, 1);
  let length = 0;
  for (const byte of reader.take(size, field)) length = length * 256 + byte;
  return length;
}

function berLength(length: number): readonly number[] {
  if (length > 0xffff) throw new UsageError(`a BER element has at most 65535 bytes, not ${length}`);
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
