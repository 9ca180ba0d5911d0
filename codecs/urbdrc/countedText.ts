import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';

/**
 * Longest text about a device, UTF-16 code units. The specification knows no limit; Windows allows 200 characters for an id
 * and 64 ids for a device, so nothing real comes near. Without a limit a list of ids would cost many times the memory of
 * the message that brought it.
 */
export const LONGEST_TEXT = 16_384;

/**
 * A count of UTF-16 code units, terminators included.
 * @throws DecodeError `TRUNCATED` when they are not there, `LIMIT_EXCEEDED` beyond `longest`
 */
export function readTextLength(reader: Reader, field: string, longest = LONGEST_TEXT): number {
  const units = reader.checkCount(reader.u32(field), 2, field, 4);
  if (units <= longest) return units;
  throw reader.error('LIMIT_EXCEEDED', field, `${units} characters, at most ${longest} are accepted`, 4);
}

/** The count of UTF-16 code units, then the text as it is. */
export function writeCountedText(out: Writer, field: string, text: string): void {
  out.u32(text.length, field);
  out.utf16(text);
}
