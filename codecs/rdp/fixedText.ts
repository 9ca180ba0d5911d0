import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import { decodeUtf16, encodeUtf16 } from '../core/text.ts';

/** UTF-16LE text in a field of `size` bytes: up to the first NUL; what is behind it means nothing. */
export function readFixedUtf16(reader: Reader, size: number, field: string): string {
  const text = decodeUtf16(reader.take(size, field));
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** `text`, its NUL, and zeros up to `size` bytes. @throws UsageError when it is too long */
export function fixedUtf16(text: string, size: number, field: string): Uint8Array {
  const encoded = encodeUtf16(text);
  if (encoded.byteLength > size || text.includes('\0')) {
    throw new UsageError(`${field}: ${JSON.stringify(text)} does not fit, at most ${size / 2 - 1} characters do`);
  }
  const bytes = new Uint8Array(size);
  bytes.set(encoded);
  return bytes;
}
