import { UsageError } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Tags of the few BER types in MCS connect PDUs, CredSSP and SPNEGO, [X.690] 8. */
export const BerTag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  SEQUENCE: 0x30,
  /** [APPLICATION 0]. */
  APPLICATION_0: 0x60,
} as const;

/** The tag of an explicitly tagged element, [X.690] 8.14. */
export function berContext(number: number): number {
  return 0xa0 | number;
}

/** The element with that context tag, if it comes next: OPTIONAL. */
export function readBerOptional<V>(reader: Reader, number: number, field: string, read: (content: Reader) => V) {
  if (reader.remaining === 0 || reader.peekU8(field) !== berContext(number)) return undefined;
  return readBerContext(reader, number, field, read);
}

/** The explicitly tagged element that must come next. */
export function readBerContext<V>(reader: Reader, number: number, field: string, read: (content: Reader) => V): V {
  const content = readBer(reader, berContext(number), field);
  const value = read(content);
  content.end();
  return value;
}

/** Writes an element with a context tag around what `write` writes. */
export function writeBerContext(out: Writer, number: number, write: () => void): void {
  const start = out.position;
  write();
  wrapBer(out, start, berContext(number));
}

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

/** The bytes of a number, big-endian, at least one. @throws UsageError for what is not an integer from 0 to 2^32-1 */
export function shortestBytes(value: number, field: string): number[] {
  if (value >>> 0 !== value) throw new UsageError(`${field}: ${value} is not an integer from 0 to 4294967295`);
  const bytes = [value & 0xff];
  for (let rest = value >>> 8; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return bytes;
}
