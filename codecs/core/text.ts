/** UTF-16LE text as [MS-RDPEUSB] carries it: counts are UTF-16 code units, terminators included. */

/** Code units that are handed to String.fromCharCode at once: arguments are put on the stack. */
const UNITS_AT_ONCE = 1024;

/** The characters of `bytes`, without the final NUL (which some peers leave out). An odd last byte is ignored. */
export function decodeUtf16(bytes: Uint8Array): string {
  const text = utf16Text(bytes);
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}

/** `text` and one NUL. */
export function encodeUtf16(text: string): Uint8Array {
  return utf16Bytes(`${text}\0`);
}

/** The codes of `text`, which is ASCII: a byte for each. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** The strings of a multi-sz: each ends with NUL, and one more NUL ends the list; a missing end is accepted. */
export function decodeMultiSz(bytes: Uint8Array): string[] {
  return utf16Text(bytes)
    .split('\0')
    .filter((part) => part !== '');
}

/** The strings as one text: each with its NUL, and one more NUL at the end; empty for no strings, as the field is then. */
export function multiSz(strings: readonly string[]): string {
  return strings.length === 0 ? '' : `${strings.join('\0')}\0\0`;
}

/** Not by TextDecoder: it would replace lone surrogates, and what a peer sends has to survive. */
function utf16Text(bytes: Uint8Array): string {
  let text = '';
  const end = bytes.byteLength & ~1;
  for (let start = 0; start < end; start += 2 * UNITS_AT_ONCE) {
    const units: number[] = [];
    for (let at = start; at < Math.min(end, start + 2 * UNITS_AT_ONCE); at += 2) {
      units.push((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
    }
    text += String.fromCharCode(...units);
  }
  return text;
}

/** `text` without a NUL. */
export function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes[2 * index] = unit;
    bytes[2 * index + 1] = unit >> 8;
  }
  return bytes;
}

/** What the other end sent, for a terminal: one line without control and format characters. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
}

/** In UTF-8, cut after a whole character to at most so many bytes. */
export function shortUtf8(text: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, written);
}
