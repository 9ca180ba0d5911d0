import type { Reader } from '../core/reader.ts';

/**
 * Longest text about a device, UTF-16 code units. The specification knows no limit; Windows lets an id have 200 characters
 * and a device 64 of them, so nothing real comes near. Without a limit a list of ids would cost many times the memory of
 * the message that brought it.
 */
export const LONGEST_TEXT = 16_384;

/**
 * A count of UTF-16 code units, terminators included.
 * @throws DecodeError `TRUNCATED` when they are not there, `LIMIT_EXCEEDED` beyond {@link LONGEST_TEXT}
 */
export function readTextLength(reader: Reader, field: string): number {
  const units = reader.checkCount(reader.u32(field), 2, field);
  if (units <= LONGEST_TEXT) return units;
  throw reader.error('LIMIT_EXCEEDED', field, `${units} characters, at most ${LONGEST_TEXT} are accepted`, 4);
}
