import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';

/** TPKT, X.224 and MCS have big-endian numbers; what they carry is little-endian. */
export function readU16BigEndian(reader: Reader, field: string): number {
  const swapped = reader.u16(field);
  return (swapped >> 8) | ((swapped & 0xff) << 8);
}

/** @throws UsageError for what is not an integer from 0 to 65535 */
export function u16BigEndian(value: number, field: string): readonly [number, number] {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) {
    throw new UsageError(`${field}: ${value} is not an integer from 0 to 65535`);
  }
  return [value >> 8, value & 0xff];
}
