import { UsageError } from './errors.ts';
import type { Reader } from './reader.ts';

/**
 * Text of one byte a character in a field of `size` bytes. The first NUL ends it; what is behind means nothing.
 * @throws DecodeError `INVALID_VALUE` where no NUL ends it
 */
export function readFixedText(reader: Reader, size: number, field: string): string {
  const bytes = reader.take(size, field);
  const end = bytes.indexOf(0);
  if (end < 0) throw reader.error('INVALID_VALUE', field, 'no NUL ends the text', size);
  return String.fromCharCode(...bytes.subarray(0, end));
}

/** `text` and zeros up to `size` bytes. @throws UsageError for text that is too long, or not of bytes */
export function fixedText(text: string, size: number, field: string): Uint8Array {
  if (text.length >= size) {
    throw new UsageError(`${field}: "${text}" has ${text.length} characters, at most ${size - 1} fit`);
  }
  const bytes = new Uint8Array(size);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0 || code > 0xff) throw new UsageError(`${field}: "${text}" is not ANSI text`);
    bytes[index] = code;
  }
  return bytes;
}
